#if CRASH_POINTS
internal import CrashPoints
internal import Ledger

/// One of the three commits of a finalize (docs/threats.md#54-steps), and the points around it at
/// which the process can be made to end.
enum FinalizeCommit {
    case intent
    case dispatch
    case outcome

    /// The one that a command is, if any.
    ///
    /// A finish that is refused at once is an intent; that an answer is missing is no outcome.
    private init?(_ command: AppendCommand) {
        switch command.events.first?.record.event {
        case .finishReceived?, .finishHeld?: self = .intent
        case .exchangeDispatched?: self = .dispatch
        case .connectFinalized?, .editFinalized?, .finalizeRejected?, .finalizeRefused?:
            self = .outcome
        default: return nil
        }
    }

    /// It is about to be sent.
    var unsent: CrashPoint? {
        switch self {
        case .intent: .intentUnsent
        case .dispatch: nil
        case .outcome: .outcomeUnsent
        }
    }

    /// It is known to be durable.
    var durable: CrashPoint? {
        switch self {
        case .intent: .intentDurable
        case .dispatch: .dispatchDurable
        case .outcome: .outcomeDurable
        }
    }

    /// These commands have come so far.
    static func reach(_ point: (FinalizeCommit) -> CrashPoint?, _ commands: [AppendCommand]) {
        for commit in commands.compactMap(Self.init) { point(commit)?.reach() }
    }

    /// The same for those of them that are in the log, by our own hand.
    static func reach(
        _ point: (FinalizeCommit) -> CrashPoint?,
        _ commands: [AppendCommand],
        _ answers: [Result<AppendVerdict, StoreError>]
    ) {
        let appended = zip(commands, answers).filter { _, answer in
            if case .success(.appended) = answer { true } else { false }
        }
        reach(point, appended.map(\.0))
    }

    /// What is to be done once an outcome among them has left; nil unless that point is chosen.
    static func whenSent(_ commands: [AppendCommand]) -> (@Sendable () -> Void)? {
        guard CrashPoint.chosen == .outcomeSent,
            commands.contains(where: { Self($0) == .outcome })
        else { return nil }
        return { CrashPoint.outcomeSent.reach() }
    }
}
#endif
