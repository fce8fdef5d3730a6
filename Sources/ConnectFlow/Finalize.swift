internal import HumanConnect
internal import Ledger
internal import LedgerStore
internal import Vault

/// One finished session on its way to tokens.
struct Finalize: Sendable {
    let launch: Launch
    /// The launched user, as when the finish came in.
    let user: StoredUser
    /// The app as the provider knows it.
    let app: ProviderApp
    /// The intent to exchange: this one's, or that of the finish which this one repeats.
    var finish: LedgerEvent.Finish
    /// What the popup handed to `finish`.
    let object: SessionTokenObject
    /// On whose behalf the finish is recorded.
    let context: RecordContext

    /// The finalize among the user's open ones; nil once it has ended.
    func open(in user: StoredUser) -> SubjectState.OpenFinalize? {
        user.state.openFinalizes.first { $0.finalize == finish.finalize }
    }
}

// The ids of the events that exist once for each finalize: the unique key on ids decides who is
// first.
extension Finalize {
    /// The id of the event that ends it.
    var outcomeID: Identifier { finish.finalize.derived("outcome") }

    private func dispatchID(_ number: Int64) -> Identifier {
        finish.finalize.derived("dispatch/\(number)")
    }

    private func unresolvedID(_ number: Int64) -> Identifier {
        finish.finalize.derived("unresolved/\(number)")
    }

    /// What follows from the finish names it as the cause.
    private var consequence: RecordContext {
        var context = context
        context.causedBy = finish.finalize
        return context
    }
}

// MARK: Changes

extension Finalize {
    /// The intent, with the claims that decide who is first.
    func receipt(by user: StoredUser) -> Change {
        var change = Change(context: context)
        let events = user.state.receive(finish)
        for event in events {
            if case .finishReceived = event {
                change.append(event, id: finish.finalize)
            } else {
                change.append(event, id: outcomeID)
            }
        }
        change.claim(.session, finish.session)
        change.claim(.launch, launch.claim)
        if events.count == 1 {
            // Kept until the outcome, so that an intent can be carried out after a crash.
            change.keep(object.sessionToken, .sessionToken, version: user.state.version + 1)
        }
        return change
    }

    /// The dispatch with this number; nil when it is not the next one.
    func dispatch(_ number: Int64, of user: StoredUser) -> Change? {
        guard let open = open(in: user), open.dispatches == number - 1 else { return nil }
        var change = Change(context: consequence)
        change.append(
            .exchangeDispatched(finalize: finish.finalize, number: number),
            id: dispatchID(number)
        )
        return change
    }

    /// What came of the exchange, for the user as it is, and the outcome that this is.
    func recording(
        _ result: ExchangeResult,
        of user: StoredUser,
        _ store: LedgerStore
    ) throws(StoreError) -> (Change, FinalizeOutcome) {
        switch result {
        case .answered(let answer):
            return try tokens(answer, of: user, store)
        case .refused(let mismatch):
            let event = LedgerEvent.finalizeRefused(finalize: finish.finalize, mismatch: mismatch)
            return (ending(with: [event], user), .refused)
        case .rejected(let status):
            let event = LedgerEvent.finalizeRejected(
                finalize: finish.finalize,
                status: Int64(status)
            )
            return (ending(with: [event], user), .rejected)
        case .unresolved(let reason, let number):
            var change = Change(context: consequence)
            change.append(
                .finalizeUnresolved(finalize: finish.finalize, reason: reason),
                id: unresolvedID(number)
            )
            return (change, .unresolved)
        }
    }

    /// Compares the answer with launch and user, and keeps its tokens if they are theirs.
    private func tokens(
        _ answer: TokenAnswer,
        of user: StoredUser,
        _ store: LedgerStore
    ) throws(StoreError) -> (Change, FinalizeOutcome) {
        let app = launch.app.id
        let fingerprints = AnswerFingerprints(
            human: store.vault.fingerprint(.human, of: answer.humanID, app: app),
            accessToken: store.vault.fingerprint(.accessToken, of: answer.accessToken, app: app),
            publicToken: store.vault.fingerprint(.publicToken, of: answer.publicToken, app: app),
            mismatch: try mismatch(answer, user, store)
        )
        let events = user.state.finalize(finish, mode: launch.mode, answer: fingerprints)
        var change = ending(with: events, user)
        if case .finalizeRefused? = events.first { return (change, .refused) }
        if user.state.human == nil {
            change.claim(.human, fingerprints.human)
            change.keep(answer.humanID, .humanID, version: 1)
        }
        for event in events {
            if case .accessTokenRotated(let token, _) = event {
                change.keep(answer.accessToken, .accessToken, version: token.version)
            }
            if case .publicTokenRotated(let token, _) = event {
                change.keep(answer.publicToken, .publicToken, version: token.version)
            }
        }
        return (change, .finalized(publicToken: answer.publicToken))
    }

    /// What in the answer names somebody or something else than the launch.
    private func mismatch(
        _ answer: TokenAnswer,
        _ user: StoredUser,
        _ store: LedgerStore
    ) throws(StoreError) -> Mismatch? {
        if let named = answer.clientUserID, try store.value(.clientUserID, of: user) != named {
            return .clientUserID
        }
        if let clientID = answer.clientID, clientID != launch.app.clientID { return .clientID }
        return nil
    }

    /// The outcome and what it brings.
    ///
    /// The sealed session token goes, which is worth nothing any more (docs/threats.md#i8).
    private func ending(with events: [LedgerEvent], _ user: StoredUser) -> Change {
        var change = Change(context: consequence)
        for (index, event) in events.enumerated() {
            change.append(event, id: index == 0 ? outcomeID : nil)
        }
        if let open = open(in: user) { change.drop(.sessionToken, version: open.received) }
        return change
    }
}
