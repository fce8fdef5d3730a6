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
    /// What the popup handed to `finish`; nil for one that is only to be recorded.
    let object: SessionTokenObject?
    /// On whose behalf the finish is recorded.
    let context: RecordContext
    /// Whether somebody waits for the public token.
    let hasCaller: Bool
    /// Whether its session may be exchanged: its launch is bound to no session, or the verifier of
    /// that was shown.
    let isProven: Bool

    /// The finalize among the user's open ones; nil once it has ended.
    func open(in user: StoredUser) -> SubjectState.OpenFinalize? {
        user.state.openFinalize(finish.finalize)
    }
}

// The ids of the events that exist once for each finalize: the unique key on ids decides who is
// first.
extension Finalize {
    /// The id of the event that ends it.
    var outcomeID: Identifier { finish.finalize.derived("outcome") }

    func dispatchID(_ number: Int64) -> Identifier {
        finish.finalize.derived("dispatch/\(number)")
    }

    private static func unresolvedID(_ number: Int64, of finalize: Identifier) -> Identifier {
        finalize.derived("unresolved/\(number)")
    }

    var abandonedID: Identifier { finish.finalize.derived("abandoned") }

    private var confirmedID: Identifier { finish.finalize.derived("confirmed") }

    /// What follows from the finish names it as the cause.
    private var consequence: RecordContext {
        var context = context
        context.causedBy = finish.finalize
        return context
    }
}

// MARK: Changes

extension Finalize {
    /// The intent, with the claim that decides who is first, or why there is none; no change when
    /// there is nothing to record.
    func receipt(by user: StoredUser) -> (Change?, FinishError?) {
        let events = user.state.receive(finish, isHeld: !isProven)
        var change = Change(context: context)
        if case .finishRefused? = events.first { change.append(events[0]) }
        guard let object, events.first?.finish != nil else {
            return (events.isEmpty ? nil : change, .launchConsumed)
        }
        for event in events {
            change.append(event, id: event.finish == nil ? outcomeID : finish.finalize)
        }
        change.claim(.session, finish.session)
        let version = user.state.version + 1
        if events.count == 1 {
            // Kept until the outcome, so that an intent can be carried out after a crash.
            change.keep(object.sessionToken, .sessionToken, version: version)
        }
        if user.state.human == nil {
            if isProven { change.dropClaimedPerson(of: user.state) }
            change.keep(object.humanID, .claimedHumanID, version: version)
        }
        return (change, events.count == 1 ? nil : .differentPerson)
    }

    /// What follows from the verifier, or why nothing does.
    func confirmation(by user: StoredUser, at now: Timestamp) -> (Change?, FinishError?) {
        guard let open = open(in: user), open.isHeld else { return (nil, nil) }
        // Whoever looks after it was not here yet.
        if let due = open.settleAt, due <= now { return (nil, .unconfirmed) }
        guard let events = user.state.confirm(finish) else { return (nil, .launchConsumed) }
        var change = Change(context: consequence)
        change.append(events[0], id: confirmedID)
        guard events.count == 1 else {
            change.append(events[1], id: outcomeID)
            change.drop(.sessionToken, version: open.received)
            change.drop(.claimedHumanID, version: open.received)
            return (change, .differentPerson)
        }
        if user.state.human == nil { change.dropClaimedPerson(of: user.state) }
        return (change, nil)
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

    /// What came of the exchange, for the user as it is, and the outcome that this is; nil when
    /// there is nothing to record any more.
    func recording(
        _ result: ExchangeResult,
        of user: StoredUser,
        _ store: LedgerStore
    ) throws(StoreError) -> (Change, FinalizeOutcome)? {
        let open = open(in: user)
        switch result {
        case .answered(let answer): return try tokens(answer, of: user, store)
        // Somebody else has brought it to an end.
        case _ where open == nil: return nil
        case .refused(let mismatch):
            let event = LedgerEvent.finalizeRefused(finalize: finish.finalize, mismatch: mismatch)
            return (ending(with: [event], user), .refused(mismatch))
        case .rejected(let status):
            let event = LedgerEvent.finalizeRejected(
                finalize: finish.finalize,
                status: Int64(status)
            )
            return (ending(with: [event], user), .rejected)
        case .unresolved(let reason, let number):
            guard open?.abandoned == nil else { return nil }
            return (unresolved(reason, number), .unresolved)
        }
    }

    private func unresolved(_ reason: String, _ number: Int64) -> Change {
        var change = Change(context: consequence)
        change.append(
            .finalizeUnresolved(finalize: finish.finalize, reason: reason),
            id: Self.unresolvedID(number, of: finish.finalize)
        )
        return change
    }

    /// Nothing was sent under the dispatch with this number; nil where that is not the last word of the
    /// user's events.
    func notSent(_ number: Int64, of user: StoredUser) -> Change? {
        guard let open = open(in: user), open.dispatches == number, open.unresolved == nil,
            open.abandoned == nil
        else { return nil }
        return unresolved(SubjectState.OpenFinalize.notSent, number)
    }

    /// The dispatch was made long ago, and whoever made it has said nothing since.
    func loss(of user: StoredUser) -> Change? {
        guard let open = open(in: user), open.unresolved == nil, open.dispatches > 0 else {
            return nil
        }
        return unresolved(Self.workerLost, open.dispatches)
    }

    /// The end without an answer, with which the next launch is the way on.
    func abandonment(_ reason: AbandonReason, of user: StoredUser) -> Change? {
        guard let open = open(in: user), open.abandoned == nil,
            // What was confirmed meanwhile is not unconfirmed, and what is held may still be.
            (reason == .unconfirmed) == open.isHeld
        else { return nil }
        var change = Change(context: consequence)
        change.append(
            .finalizeAbandoned(finalize: finish.finalize, reason: reason),
            id: abandonedID
        )
        change.dropSession(of: open, user.state)
        return change
    }

    /// The class of an exchange whose worker has ended, or is not heard of any more.
    static let workerLost = "worker_lost"

    /// The answer came when newer tokens were held: its own are not kept.
    func superseded(accessToken: Fingerprint, publicToken: Fingerprint) -> Change {
        var change = Change(context: consequence)
        change.append(
            .finalizeSuperseded(
                finalize: finish.finalize,
                accessToken: accessToken,
                publicToken: publicToken
            ),
            id: finish.finalize.derived("superseded")
        )
        return change
    }

    /// Compares the answer with launch and user, and keeps its tokens if they are theirs; nil when
    /// nobody waits for them any more.
    private func tokens(
        _ answer: TokenAnswer,
        of user: StoredUser,
        _ store: LedgerStore
    ) throws(StoreError) -> (Change, FinalizeOutcome)? {
        let app = launch.app.id
        let fingerprints = AnswerFingerprints(
            human: store.vault.fingerprint(.human, of: answer.humanID, app: app),
            accessToken: store.vault.fingerprint(.accessToken, of: answer.accessToken, app: app),
            publicToken: store.vault.fingerprint(.publicToken, of: answer.publicToken, app: app),
            mismatch: try mismatch(answer, user, store)
        )
        guard open(in: user) != nil else { return nil }
        let events = user.state.finalize(finish, mode: launch.mode, answer: fingerprints)
        var change = ending(with: events, user)
        if case .finalizeRefused(_, let mismatch)? = events.first {
            return (change, .refused(mismatch))
        }
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
        // Somebody new is linked for a reason (docs/threats.md#t2).
        guard answer.clientUserID == nil, user.state.human == nil, finish.binding == .none,
            !launch.app.policies.contains(.unnamedAccepted)
        else { return nil }
        return .userUnproven
    }

    /// Those whose answer will come after newer tokens: it is on record that they are unclear before
    /// that, so that whoever reads the log sees what became of them.
    private func overtaken(
        by events: [LedgerEvent],
        _ user: StoredUser
    ) -> [SubjectState.OpenFinalize] {
        switch events.first {
        case .connectFinalized?, .editFinalized?: user.state.overtaken(by: finish.finalize)
        default: []
        }
    }

    /// The outcome and what it brings.
    ///
    /// Values go that are worth nothing any more (docs/threats.md#i8): session tokens that nobody
    /// will send, and the `humanId` of whom a finish named, once the provider has said who it is.
    private func ending(with events: [LedgerEvent], _ user: StoredUser) -> Change {
        var change = Change(context: consequence)
        for open in overtaken(by: events, user) {
            change.append(
                user.state.overtaking(open),
                id: Self.unresolvedID(open.dispatches, of: open.finalize)
            )
        }
        for (index, event) in events.enumerated() {
            change.append(event, id: index == 0 ? outcomeID : nil)
        }
        guard let open = open(in: user) else { return change }
        switch events.first {
        case .connectFinalized?, .editFinalized?:
            for settled in user.state.settled(by: finish.finalize) {
                change.drop(.sessionToken, version: settled.received)
            }
            change.dropClaimedPersons(of: user.state)
        case .finalizeRefused?:
            change.drop(.sessionToken, version: open.received)
            change.drop(.claimedHumanID, version: open.received)
        default:
            change.dropSession(of: open, user.state)
        }
        return change
    }
}

extension LedgerEvent {
    /// The finish that came, as it is exchanged if it is: one that is held needs the verifier first.
    var finish: Finish? {
        switch self {
        case .finishReceived(let finish): finish
        case .finishHeld(let finish):
            Finish(
                finalize: finish.finalize,
                launch: finish.launch,
                session: finish.session,
                human: finish.human,
                binding: .session
            )
        default: nil
        }
    }
}

extension Change {
    /// Drops the session of a finalize that has brought no tokens.
    ///
    /// Whom its finish named is remembered, unless a later one named somebody.
    mutating func dropSession(of open: SubjectState.OpenFinalize, _ state: SubjectState) {
        drop(.sessionToken, version: open.received)
        if state.claimedPerson?.received != open.received {
            drop(.claimedHumanID, version: open.received)
        }
    }

    /// Drops the `humanId` of whom the last finish named, unless its finalize may still need it for
    /// an exchange.
    mutating func dropClaimedPerson(of state: SubjectState) {
        guard let claimed = state.claimedPerson,
            !state.unsettledFinalizes.contains(where: { $0.received == claimed.received })
        else { return }
        drop(.claimedHumanID, version: claimed.received)
    }

    /// Drops every `humanId` that a finish named: the person is known now.
    mutating func dropClaimedPersons(of state: SubjectState) {
        dropClaimedPerson(of: state)
        for open in state.openFinalizes { drop(.claimedHumanID, version: open.received) }
    }
}
