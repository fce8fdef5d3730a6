internal import Ledger

/// How far a finalize is, as the ledger has it.
enum FinalizeProgress: Sendable, Equatable {
    /// It waits for the verifier of its launch's session.
    case held
    /// The intent is durable; nothing was dispatched.
    case received
    /// Dispatched under this number; what came of it is not on record.
    case dispatched(number: Int64)
    /// Dispatched up to this number, and certainly never sent.
    case notSent(number: Int64)
    /// Sent, and the answer is not known.
    case unresolved
    case ended(FinalizeOutcome)

    /// Reads how far an open one is.
    init(_ open: SubjectState.OpenFinalize) {
        switch (open.dispatches, open.unresolved) {
        case _ where open.abandoned != nil: self = .ended(.abandoned)
        case _ where open.isHeld: self = .held
        case (0, _): self = .received
        case (let number, nil): self = .dispatched(number: number)
        case (let number, SubjectState.OpenFinalize.notSent?): self = .notSent(number: number)
        case (_, _?): self = .unresolved
        }
    }
}
