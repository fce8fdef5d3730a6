internal import Ledger

/// What is to be done about a finalize that somebody began and did not bring to an end
/// (docs/design.md#finalize).
enum SettleStep: Sendable, Equatable {
    /// Nothing yet: whoever began it may still be at work, or it has ended.
    case wait
    /// Nothing was sent so far: go on where it stands.
    case carryOn
    /// It may have been sent, and whoever sent it is not heard of: that is on record next.
    case markLost
    /// The exchange was sent and its answer is lost: ask the provider what it knows.
    case ask
    case abandon(AbandonReason)

    init(_ open: SubjectState.OpenFinalize, at now: Timestamp) {
        guard let due = open.settleAt, due <= now else {
            self = .wait
            return
        }
        let isTooOld = open.receivedAt.adding(seconds: FlowLimits.settleSeconds) <= now
        switch FinalizeProgress(open) {
        case .held: self = .abandon(.unconfirmed)
        case .received, .notSent: self = isTooOld ? .abandon(.neverSent) : .carryOn
        case .dispatched: self = .markLost
        case .unresolved: self = isTooOld ? .abandon(.answerLost) : .ask
        case .ended: self = .wait
        }
    }
}
