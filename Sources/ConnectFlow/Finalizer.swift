package import HumanConnect
package import Ledger
package import LedgerStore
package import Logging
internal import Vault

/// Trades a finished session for tokens: at most one exchange, exactly one recorded outcome
/// (docs/design.md#finalize).
///
/// What is done in which order, and how often, is `FinalizeState`'s to say; this only does it.
package struct Finalizer: Sendable {
    let store: LedgerStore
    let spool: AnswerSpool
    let provider: HumanConnectClient
    let logger: Logger
    let meter = FinalizeMeter()
    let unsent = UnsentDispatches()

    package init(
        store: LedgerStore,
        provider: HumanConnectClient,
        spool: AnswerSpool,
        logger: Logger
    ) {
        self.store = store
        self.provider = provider
        self.spool = spool
        self.logger = logger
    }

    /// Who brings a finish.
    package enum Bringer: Sendable {
        /// The app's backend.
        case backend
        /// Whoever holds the launch's token: a page, or a mobile SDK. What it says of a user or shows
        /// of a session proves nothing.
        case page
    }

    /// What a finish leads to.
    package enum Answer: Sendable {
        /// The public token as of the finalize.
        case finished(publicToken: Secret)
        /// What to confirm it with, and until when.
        case held(code: Secret, until: Timestamp)
    }

    /// Finalizes, or answers what the first finish of the session led to.
    ///
    /// Where the launch is bound to a session and its verifier is not shown, it is held, or refused
    /// with `verifierRefused` when a backend brings it.
    package func finish(
        _ launch: Launch,
        with object: SessionTokenObject,
        from bringer: Bringer,
        context: RecordContext
    ) async throws(ConnectError) -> Answer {
        try await ConnectError.sortingLaunch {
            let finalize = try await finalize(launch, object, bringer, context)
            do {
                let state = FinalizeState(isProven: finalize.isProven)
                return .finished(publicToken: try await run(finalize, from: state))
            } catch ConnectError.finish(.held) {
                return try await held(finalize)
            }
        }
    }

    /// Checks what can be checked without leaving a trace.
    private func finalize(
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ bringer: Bringer,
        _ context: RecordContext
    ) async throws -> Finalize {
        guard object.clientID == launch.app.clientID else { throw FinishError.clientIDMismatch }
        let user = try await launch.user(in: store)
        // A backend that relays may name its own session's user; it must be the launched one
        // (docs/threats.md#t1).
        if let named = object.clientUserID,
            try store.value(.clientUserID, of: user) != Secret(named)
        {
            throw FinishError.differentPerson
        }
        let binding = try await binding(object, bringer, launch, user, context)
        let app = launch.app.id
        return Finalize(
            launch: launch,
            user: user,
            app: try launch.app.provider,
            finish: LedgerEvent.Finish(
                finalize: store.clock.identifier(in: user.log),
                launch: launch.data.launch,
                session: store.vault.fingerprint(.session, of: object.sessionToken, app: app),
                human: store.vault.fingerprint(.human, of: object.humanID, app: app),
                binding: binding
            ),
            object: object,
            context: context,
            hasCaller: true,
            isProven: launch.data.challenge == nil || binding == .session
        )
    }

    /// Does what is to be done next, from wherever the finalize is, until there is a result.
    func run(_ finalize: Finalize, from state: FinalizeState) async throws -> Secret {
        var finalize = finalize
        var state = state
        var action = state.action
        while true {
            switch action {
            case .askWhoWasFirst:
                action = state.compared(try await standing(of: &finalize))
            case .receive:
                action = try await receive(finalize, &state)
            case .confirm:
                action = try await confirm(finalize, &state)
            case .dispatch(let number):
                // A session that the vault has dropped cannot be exchanged any more.
                guard finalize.object != nil else { throw FinishError.abandoned }
                let isOurs = try await dispatch(number, finalize)
                action = isOurs ? state.dispatched() : state.dispatchLost()
            case .exchange:
                action = await exchange(finalize, &state)
            case .record(let result):
                action = await record(result, finalize, &state)
            case .askOutcome:
                action = state.found(try await progress(of: finalize))
            case .pause(let duration, _):
                try? await Task.sleep(for: duration)
                action = state.paused(isCancelled: Task.isCancelled)
            case .end(let result):
                return try result.get()
            }
        }
    }
}

// MARK: Writing

extension Finalizer {
    /// Makes the intent durable.
    ///
    /// The unique fingerprint of the session decides who is first.
    private func receive(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async throws -> FinalizeState.Action {
        // A refused finish has left no trace, so its session can be sent again.
        try admit(finalize)
        let app = finalize.launch.app
        var refusal: FinishError?
        let outcome = try await store.change(finalize.user, of: app) { user in
            let (change, error) = finalize.receipt(by: user)
            refusal = error
            return error == .launchConsumed ? nil : change
        }
        switch outcome {
        case .written:
            if let refusal { return state.refused(refusal) }
            return finalize.isProven ? state.received() : state.held()
        case .claimed: return state.claimed()
        case nil: return try await launchConsumed(finalize, &state)
        case .repeated, .conflict: throw StoreError.conflict
        }
    }

    /// The launch takes no more finishes, perhaps because a twin of this one was faster.
    private func launchConsumed(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async throws -> FinalizeState.Action {
        if try await firstFinish(with: finalize.finish.session) != nil { return state.claimed() }
        _ = try await store.change(finalize.user, of: finalize.launch.app) { user in
            let (change, error) = finalize.receipt(by: user)
            return error == .launchConsumed ? change : nil
        }
        return state.refused(.launchConsumed)
    }

    /// Throws `providerUnavailable` while the provider is away: nothing is begun then that could
    /// not be carried out.
    func admit(_ finalize: Finalize) throws(ConnectError) {
        if case .refused(let wait) = provider.admission(for: finalize.app) {
            throw .providerUnavailable(retryAfter: wait)
        }
    }

    /// Makes "the POST is about to be sent" durable; false when somebody else has this number.
    private func dispatch(_ number: Int64, _ finalize: Finalize) async throws -> Bool {
        let user = try await finalize.launch.user(in: store)
        let outcome: ChangeOutcome?
        do {
            outcome = try await store.change(user, of: finalize.launch.app) { user in
                finalize.dispatch(number, of: user)
            }
        } catch StoreError.outcomeUnknown {
            rememberUnsent(number, finalize)
            throw StoreError.outcomeUnknown
        }
        switch outcome {
        case .written: return true
        case .repeated, .claimed, .conflict, nil: return false
        }
    }

    /// Sends the one POST.
    private func exchange(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async -> FinalizeState.Action {
        guard let object = finalize.object else {
            preconditionFailure("Only what has its session is sent.")
        }
        do throws(HumanConnectError) {
            return state.answered(try await provider.exchange(object, for: finalize.app))
        } catch {
            if case .notSent(let reason) = error {
                logger.warning("exchange not sent", metadata: ["reason": "\(reason)"])
            }
            return state.exchangeFailed(error)
        }
    }
}
