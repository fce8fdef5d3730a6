package import HumanConnect
package import Ledger
package import LedgerStore
package import Logging
internal import Vault

/// Trades a finished session for tokens: at most one exchange, exactly one recorded outcome
/// (docs/design.md#finalize).
package struct Finalizer: Sendable {
    let store: LedgerStore
    let provider: HumanConnectClient
    let logger: Logger

    package init(store: LedgerStore, provider: HumanConnectClient, logger: Logger) {
        self.store = store
        self.provider = provider
        self.logger = logger
    }

    /// Finalizes, or answers what the first finish of the session led to.
    ///
    /// Answers the public token as of that finalize.
    package func finish(
        _ launch: Launch,
        with object: SessionTokenObject,
        context: RecordContext
    ) async throws(ConnectError) -> Secret {
        try await ConnectError.sorting { try await finalize(launch, object, context) }
    }

    private func finalize(
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ context: RecordContext
    ) async throws -> Secret {
        guard object.clientID == launch.app.clientID else { throw FinishError.clientIDMismatch }
        let user = try await launch.user(in: store)
        try checkBinding(object, user)
        let finish = LedgerEvent.Finish(
            finalize: store.clock.identifier(),
            launch: launch.data.launch,
            session: fingerprint(.session, object.sessionToken, launch),
            human: fingerprint(.human, object.humanID, launch)
        )
        // In this order: a twin of this request claims both at once, so whoever sees its launch
        // taken sees its session taken too, and is answered as a repeat.
        let isConsumed = try await store.lookup(.launch, launch.claim) != nil
        if let first = try await firstFinish(like: finish) {
            return try await outcome(of: first, launch, object, context)
        }
        guard !isConsumed else { throw FinishError.launchConsumed }
        guard store.clock.now() < launch.data.expiry else { throw FinishError.launchExpired }
        switch try await receive(finish, user, launch, object, context) {
        case .written(let user, _):
            guard user.state.openFinalizes.contains(where: { $0.finalize == finish.finalize })
            else { throw FinishError.differentPerson }
            return try await exchange(finish, number: 1, launch, object, context)
        case .claimed:
            // A twin of this request was faster, between our look and our write.
            guard let first = try await firstFinish(like: finish) else {
                throw FinishError.launchConsumed
            }
            return try await outcome(of: first, launch, object, context)
        case .repeated, .conflict, nil:
            throw ConnectError.store(.conflict)
        }
    }

    /// A backend that relays may name its own session's user; it must be the launched one
    /// (docs/threats.md#t1).
    private func checkBinding(_ object: SessionTokenObject, _ user: StoredUser) throws {
        guard let named = object.clientUserID else { return }
        guard try store.value(.clientUserID, of: user) == Secret(named) else {
            throw FinishError.differentPerson
        }
    }

    /// Makes the intent durable.
    ///
    /// The unique fingerprints of session and launch decide who is first.
    private func receive(
        _ finish: LedgerEvent.Finish,
        _ user: StoredUser,
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ context: RecordContext
    ) async throws -> ChangeOutcome? {
        try await store.change(user, of: launch.app) { user in
            var change = Change(context: context)
            for event in user.state.receive(finish) {
                if case .finishReceived = event {
                    change.append(event, id: finish.finalize)
                } else {
                    change.append(event, id: finish.finalize.derived("outcome"))
                }
            }
            change.claim(.session, finish.session)
            change.claim(.launch, launch.claim)
            if change.events.count == 1 {
                // Kept until the outcome, so that an intent can be carried out after a crash.
                change.keep(
                    object.sessionToken,
                    .sessionToken,
                    version: user.state.version + 1
                )
            }
            return change
        }
    }

    private func fingerprint(
        _ kind: FingerprintKind,
        _ value: Secret,
        _ launch: Launch
    ) -> Fingerprint {
        store.vault.fingerprint(kind, of: value, app: launch.app.id)
    }
}

// MARK: The exchange

extension Finalizer {
    /// Marks the dispatch, sends the one POST and records what came of it.
    func exchange(
        _ finish: LedgerEvent.Finish,
        number first: Int64,
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ context: RecordContext
    ) async throws -> Secret {
        var context = context
        context.causedBy = finish.finalize
        let last = min(
            first + FlowLimits.dispatchesPerFinishMax - 1,
            FlowLimits.dispatchesMax
        )
        var pause = FlowLimits.dispatchPause
        for number in first...last {
            guard try await dispatch(finish, number, launch, context) else {
                // Another worker has this dispatch; its outcome is ours.
                return try await outcome(of: finish, launch, object, context)
            }
            do {
                let answer = try await provider.exchange(object, for: try launch.app.provider)
                return try await record(answer, finish, launch, context)
            } catch HumanConnectError.notSent(let reason) {
                logger.warning("exchange not sent", metadata: ["reason": "\(reason.rawValue)"])
                guard number < last else { break }
                try? await Task.sleep(for: pause)
                pause *= 2
            } catch let error as HumanConnectError {
                return try await record(error, finish, number, launch, context)
            }
        }
        return try await recordUnresolved(
            HumanConnectError.notSentClass,
            finish,
            last,
            launch,
            context
        )
    }

    /// Makes "the POST is about to be sent" durable; false when somebody else has this number.
    private func dispatch(
        _ finish: LedgerEvent.Finish,
        _ number: Int64,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws -> Bool {
        let user = try await launch.user(in: store)
        let outcome = try await store.change(user, of: launch.app) { user in
            guard
                let open = user.state.openFinalizes.first(where: {
                    $0.finalize == finish.finalize
                }), open.dispatches == number - 1
            else { return nil }
            var change = Change(context: context)
            change.append(
                .exchangeDispatched(finalize: finish.finalize, number: number),
                id: finish.finalize.derived("dispatch/\(number)")
            )
            return change
        }
        guard case .written = outcome else { return false }
        return true
    }

    /// Compares the answer with the launch and records tokens or refusal.
    private func record(
        _ answer: TokenAnswer,
        _ finish: LedgerEvent.Finish,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws -> Secret {
        var isHumanTaken = false
        var isRefused = false
        let outcome = try await persistently {
            let user = try await launch.user(in: store)
            let decide = { (user: StoredUser) throws -> Change in
                let change = try change(for: answer, isHumanTaken, finish, launch, user, context)
                if case .finalizeRefused = change.events.first?.event { isRefused = true }
                return change
            }
            let outcome = try await store.change(user, of: launch.app, decide: decide)
            guard case .claimed(.human) = outcome else { return outcome }
            // The person is linked to another user of the app (docs/threats.md#t2, docs/threats.md#i6).
            isHumanTaken = true
            return try await store.change(user, of: launch.app, decide: decide)
        }
        guard case .written = outcome else { return try await outcomeOnce(of: finish, launch) }
        if isRefused { throw FinishError.differentPerson }
        return answer.publicToken
    }

    private func change(
        for answer: TokenAnswer,
        _ isHumanTaken: Bool,
        _ finish: LedgerEvent.Finish,
        _ launch: Launch,
        _ user: StoredUser,
        _ context: RecordContext
    ) throws -> Change {
        var mismatch: Mismatch? = isHumanTaken ? .humanTaken : nil
        if let clientID = answer.clientID, clientID != launch.app.clientID { mismatch = .clientID }
        if let named = answer.clientUserID, try store.value(.clientUserID, of: user) != named {
            mismatch = .clientUserID
        }
        let fingerprints = AnswerFingerprints(
            human: fingerprint(.human, answer.humanID, launch),
            accessToken: fingerprint(.accessToken, answer.accessToken, launch),
            publicToken: fingerprint(.publicToken, answer.publicToken, launch),
            mismatch: mismatch
        )
        let events = user.state.finalize(finish, mode: launch.mode, answer: fingerprints)
        var change = Change(context: context)
        for (index, event) in events.enumerated() {
            change.append(event, id: index == 0 ? finish.finalize.derived("outcome") : nil)
            switch event {
            case .accessTokenRotated(let token, _):
                change.keep(answer.accessToken, .accessToken, version: token.version)
            case .publicTokenRotated(let token, _):
                change.keep(answer.publicToken, .publicToken, version: token.version)
            case .connectFinalized, .editFinalized:
                guard user.state.human == nil else { continue }
                change.claim(.human, fingerprints.human)
                change.keep(answer.humanID, .humanID, version: 1)
            default: break
            }
        }
        change.dropSessionToken(of: finish, user)
        return change
    }

    /// Records that the provider refused for certain, or that its answer is not known.
    private func record(
        _ error: HumanConnectError,
        _ finish: LedgerEvent.Finish,
        _ number: Int64,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws -> Secret {
        switch error {
        case .notSent:
            return try await recordUnresolved(
                HumanConnectError.notSentClass,
                finish,
                number,
                launch,
                context
            )
        case .unknown(let reason):
            return try await recordUnresolved(reason.word, finish, number, launch, context)
        case .rejected(let status):
            _ = try await persistently {
                let user = try await launch.user(in: store)
                return try await store.change(user, of: launch.app) { user in
                    var change = Change(context: context)
                    change.append(
                        .finalizeRejected(finalize: finish.finalize, status: Int64(status)),
                        id: finish.finalize.derived("outcome")
                    )
                    change.dropSessionToken(of: finish, user)
                    return change
                }
            }
            throw FinishError.rejected
        }
    }

    private func recordUnresolved(
        _ reason: String,
        _ finish: LedgerEvent.Finish,
        _ number: Int64,
        _ launch: Launch,
        _ context: RecordContext
    ) async throws -> Secret {
        _ = try await persistently {
            let user = try await launch.user(in: store)
            return try await store.change(user, of: launch.app) { _ in
                var change = Change(context: context)
                change.append(
                    .finalizeUnresolved(finalize: finish.finalize, reason: reason),
                    id: finish.finalize.derived("unresolved/\(number)")
                )
                return change
            }
        }
        throw FinishError.unresolved
    }

    /// Goes on while the database is away: the provider's answer cannot be asked for again.
    private func persistently<Value>(
        _ body: () async throws -> Value
    ) async throws -> Value {
        var tries = 1
        while true {
            do {
                return try await body()
            } catch let error as StoreError {
                guard error.isPassing, tries < FlowLimits.recordTriesMax, !Task.isCancelled
                else {
                    logger.critical("outcome not recorded", metadata: ["tries": "\(tries)"])
                    throw error
                }
                tries += 1
                try? await Task.sleep(for: FlowLimits.recordPause)
            }
        }
    }
}
