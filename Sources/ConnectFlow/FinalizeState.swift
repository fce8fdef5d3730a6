internal import HumanConnect
internal import Ledger

/// What one worker knows of a finalize, and what it does next: at most one exchange, exactly one
/// outcome (docs/design.md#finalize).
///
/// Pure: each thing that happened is a method that returns what is to be done, so that the rules
/// can be tested without a database, a provider and a clock. Everything that is counted is counted
/// here.
struct FinalizeState: Sendable {
    /// What is to be done next.
    enum Action: Sendable, Equatable {
        /// Look whether the session was used before.
        case askWhoWasFirst
        /// Make the intent durable.
        case receive
        /// Make durable that the verifier of the launch's session was shown.
        case confirm
        /// Make durable that the POST is about to be sent for the `number`th time.
        case dispatch(number: Int64)
        /// Send the one POST, which was dispatched under this number.
        case exchange(number: Int64)
        /// Make durable what came of the exchange.
        case record(ExchangeResult)
        /// Look how far the finalize is: somebody else may be working on it.
        case askOutcome
        /// Wait so long, then do that.
        indirect case pause(Duration, then: Action)
        /// Tell the caller.
        case end(Result<Secret, ConnectError>)
    }

    /// How a finish stands to those before it.
    enum Standing: Sendable, Equatable {
        /// Its session was not used before.
        case first
        /// Its session was used with another launch, or for another person.
        case sessionUsed
        /// It repeats an earlier finish, whose finalize is so far.
        case repeated(FinalizeProgress)
    }

    /// What is to be done now.
    private(set) var action: Action
    /// How often recording has failed.
    private(set) var recordFailures = 0
    /// How often this worker has dispatched, and how often another one was faster.
    private var dispatches: Int64 = 0
    private var dispatchesLost: Int64 = 0
    /// An exchange of this worker's may have reached the provider.
    private var mayBeSent = false
    /// How often it has asked in a row.
    private var asks = 0
    /// A twin of this finish was faster, between our look and our write.
    private var wasClaimed = false
    /// It is one of many rounds, over a day.
    private var isRound = false
    /// Whether what is held need not wait any longer.
    let isProven: Bool

    /// A finish has come in; what is not proven is held.
    init(isProven: Bool = true) {
        action = .askWhoWasFirst
        self.isProven = isProven
    }

    /// An answer of the provider that was kept is to be recorded.
    init(recording result: ExchangeResult) {
        action = .record(result)
        mayBeSent = true
        isProven = false
    }

    /// Goes on with a finalize that is so far, for one dispatch: there will be more rounds.
    init(settling progress: FinalizeProgress) {
        action = .askOutcome
        isRound = true
        isProven = false
        _ = found(progress)
    }

    /// Goes on with a finalize that is so far, as a repeated finish does, or one that is confirmed.
    init(at progress: FinalizeProgress, isProven: Bool = true) {
        action = .askOutcome
        self.isProven = isProven
        _ = found(progress)
    }
}

// MARK: Who is first

extension FinalizeState {
    /// The finish was compared with those before it.
    mutating func compared(_ standing: Standing) -> Action {
        precondition(action == .askWhoWasFirst, Self.order)
        switch standing {
        case .first where !wasClaimed: return next(.receive)
        // Whoever lost the claim finds who won it; if not, there is nothing to be done about it.
        case .first: return end(.inProgress)
        case .sessionUsed: return end(.sessionUsed)
        case .repeated(let progress):
            self = FinalizeState(at: progress, isProven: isProven)
            return action
        }
    }

    /// The intent is durable.
    mutating func received() -> Action {
        precondition(action == .receive, Self.order)
        return next(.dispatch(number: 1))
    }

    /// The finish is durable, and waits for the verifier.
    mutating func held() -> Action {
        precondition(action == .receive && !isProven, Self.order)
        return end(.held)
    }

    /// That the verifier was shown is durable.
    mutating func confirmed() -> Action {
        precondition(action == .confirm, Self.order)
        return dispatch(after: 0)
    }

    /// It is held no more: somebody else has confirmed it, or it has ended.
    mutating func confirmedBefore() -> Action {
        precondition(action == .confirm, Self.order)
        return next(.askOutcome)
    }

    /// There will be no exchange.
    mutating func refused(_ error: FinishError) -> Action {
        precondition(action == .receive || action == .confirm, Self.order)
        return end(error)
    }

    /// A twin of this finish has claimed the session first.
    mutating func claimed() -> Action {
        precondition(action == .receive, Self.order)
        wasClaimed = true
        return next(.askWhoWasFirst)
    }
}

// MARK: The exchange

extension FinalizeState {
    /// The dispatch is durable and ours.
    mutating func dispatched() -> Action {
        guard case .dispatch(let number) = action else { preconditionFailure(Self.order) }
        dispatches += 1
        mayBeSent = true
        return next(.exchange(number: number))
    }

    /// Another worker has this dispatch; its outcome is ours.
    mutating func dispatchLost() -> Action {
        guard case .dispatch = action else { preconditionFailure(Self.order) }
        dispatchesLost += 1
        // Each dispatch is lost once, so with more of them something is wrong.
        return dispatchesLost <= FlowLimits.dispatchesMax ? ask() : end(.inProgress)
    }

    /// The provider has answered with tokens.
    mutating func answered(_ answer: TokenAnswer) -> Action {
        guard case .exchange = action else { preconditionFailure(Self.order) }
        return next(.record(.answered(answer)))
    }

    /// The exchange led to no tokens.
    mutating func exchangeFailed(_ error: HumanConnectError) -> Action {
        guard case .exchange(let number) = action else { preconditionFailure(Self.order) }
        switch error {
        case .notSent:
            mayBeSent = false
            guard mayDispatch(after: number) else {
                let reason = SubjectState.OpenFinalize.notSent
                return next(.record(.unresolved(reason: reason, number: number)))
            }
            // The pause doubles from one dispatch to the next.
            let pause = FlowLimits.dispatchPause * (1 << (dispatches - 1))
            return next(.pause(pause, then: .dispatch(number: number + 1)))
        case .rejected(let status):
            return next(.record(.rejected(status: status)))
        case .unknown(let reason):
            return next(.record(.unresolved(reason: reason.word, number: number)))
        }
    }

    /// Whether one more dispatch is allowed after this one, which was not sent.
    private func mayDispatch(after number: Int64) -> Bool {
        if mayBeSent { return false }
        if isRound { return dispatches == 0 }
        return dispatches < FlowLimits.dispatchesPerFinishMax && number < FlowLimits.dispatchesMax
    }
}

// MARK: The outcome

extension FinalizeState {
    /// What came of the exchange is durable, and this is how the finalize ended.
    mutating func recorded(_ outcome: FinalizeOutcome) -> Action {
        guard case .record = action else { preconditionFailure(Self.order) }
        return next(.end(outcome.result))
    }

    /// It is on record already, from another worker or from a try whose answer was lost; that
    /// counts.
    mutating func recordedBefore() -> Action {
        guard case .record = action else { preconditionFailure(Self.order) }
        return ask()
    }

    /// The person of the answer is linked to another user of the app (docs/threats.md#t2,
    /// docs/threats.md#i6).
    mutating func humanTaken() -> Action {
        guard case .record(.answered) = action else { preconditionFailure(Self.order) }
        return next(.record(.refused(.humanTaken)))
    }

    /// What came of the exchange could not be recorded.
    ///
    /// Goes on while the database is away: the provider's answer cannot be asked for again. What is
    /// kept on disk will be recorded by others, so nobody need wait for it.
    mutating func recordingFailed(_ error: ConnectError, isKept: Bool, isCancelled: Bool) -> Action
    {
        guard case .record = action else { preconditionFailure(Self.order) }
        recordFailures += 1
        let triesMax = isKept ? FlowLimits.recordTriesMax : FlowLimits.unkeptRecordTriesMax
        guard error.isPassing || error.isOfProvider, recordFailures < triesMax,
            !(isKept && isCancelled)
        else {
            return next(.end(.failure(error)))
        }
        return next(.pause(FlowLimits.recordPause, then: action))
    }

    /// The finalize was looked up, and is so far.
    mutating func found(_ progress: FinalizeProgress) -> Action {
        precondition(action == .askOutcome, Self.order)
        asks += 1
        switch progress {
        case .ended(let outcome):
            return next(.end(outcome.result))
        case .held:
            guard isProven else { return end(.held) }
            // It is confirmed once, so with more looks something is wrong.
            return asks <= FlowLimits.outcomeAsksMax ? next(.confirm) : end(.inProgress)
        case .received:
            // The first finish may be just about to dispatch it; if it does not, we do.
            return asks > 1 ? dispatch(after: 0) : askLater()
        case .dispatched:
            return askLater()
        case .notSent(let number):
            return dispatch(after: number)
        case .unresolved:
            return end(.unresolved)
        }
    }

    /// The pause is over, or was broken off because nobody waits any more.
    mutating func paused(isCancelled: Bool) -> Action {
        guard case .pause(_, let following) = action else { preconditionFailure(Self.order) }
        // Only who waits for somebody else may leave; what is in our own hands is brought to an
        // end.
        return following == .askOutcome && isCancelled ? end(.inProgress) : next(following)
    }

    /// Goes on with a finalize of which nothing was sent.
    private mutating func dispatch(after number: Int64) -> Action {
        mayDispatch(after: number) ? next(.dispatch(number: number + 1)) : end(.unresolved)
    }

    /// Asks at once, and from now on as often as may be.
    private mutating func ask() -> Action {
        asks = 0
        return next(.askOutcome)
    }

    private mutating func askLater() -> Action {
        guard asks < FlowLimits.outcomeAsksMax else { return end(.inProgress) }
        return next(.pause(FlowLimits.outcomePause, then: .askOutcome))
    }
}

// MARK: Steps

extension FinalizeState {
    private static let order = "Only what was to be done can have happened."

    private mutating func next(_ action: Action) -> Action {
        self.action = action
        return action
    }

    private mutating func end(_ error: FinishError) -> Action {
        next(.end(.failure(.finish(error))))
    }
}
