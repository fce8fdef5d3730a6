internal import Ledger
internal import LedgerStore

/// How a finalize ended.
enum FinalizeOutcome: Sendable, Equatable {
    /// With tokens; the public one is answered.
    case finalized(publicToken: Secret)
    /// With tokens; the public one was replaced since, and its value dropped.
    case tokenDropped
    /// The provider refused the session for certain.
    case rejected
    /// The finish or the answer was about somebody else.
    case refused(Mismatch)
    /// The provider's answer is not known.
    case unresolved
    /// Nobody waits for the provider's answer any more.
    case abandoned
    /// Nobody showed the verifier in time.
    case unconfirmed
    /// The answer came when newer tokens were held already.
    case superseded

    /// What the caller is told.
    var result: Result<Secret, ConnectError> {
        switch self {
        case .finalized(let publicToken): .success(publicToken)
        case .tokenDropped: .failure(.store(.dropped))
        case .rejected: .failure(.finish(.rejected))
        case .refused(.userUnproven): .failure(.finish(.userUnproven))
        case .refused: .failure(.finish(.differentPerson))
        case .unconfirmed: .failure(.finish(.unconfirmed))
        case .unresolved: .failure(.finish(.unresolved))
        case .abandoned, .superseded: .failure(.finish(.abandoned))
        }
    }
}
