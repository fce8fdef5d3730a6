internal import Ledger

/// How a finalize ended.
enum FinalizeOutcome: Sendable, Equatable {
    /// With tokens; the public one is answered.
    case finalized(publicToken: Secret)
    /// The provider refused the session for certain.
    case rejected
    /// The finish or the answer was about somebody else.
    case refused
    /// The provider's answer is not known.
    case unresolved
    /// Nobody waits for the provider's answer any more.
    case abandoned
    /// The answer came when newer tokens were held already.
    case superseded

    /// What the caller is told.
    var result: Result<Secret, ConnectError> {
        switch self {
        case .finalized(let publicToken): .success(publicToken)
        case .rejected: .failure(.finish(.rejected))
        case .refused: .failure(.finish(.differentPerson))
        case .unresolved: .failure(.finish(.unresolved))
        case .abandoned, .superseded: .failure(.finish(.abandoned))
        }
    }
}
