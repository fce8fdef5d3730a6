/// Why a call brought nothing.
public enum LedgerClientError: Error, Sendable {
    /// The service refused, and says why.
    case problem(LedgerProblem)
    /// An answer that is not one of Token Ledger, perhaps of a proxy before it.
    case foreignAnswer(status: Int)
    /// No connection, none that can be trusted, or one that was lost. Every call of this client may be
    /// repeated.
    case unreachable
    /// No whole answer in time. Every call of this client may be repeated.
    case timedOut
    /// The task that asked was cancelled.
    case cancelled
    /// The address is not such as `https://ledger.example.com`. With `http://` it must be this machine,
    /// or the key would be read on the way.
    case malformedAddress
    /// The key is empty, or has characters that no key has.
    case malformedKey
    /// What the page posted is neither JSON nor a form.
    case malformedFinish
}

extension LedgerClientError: CustomStringConvertible {
    /// The error in a line, without a token or a key.
    public var description: String {
        switch self {
        case .problem(let problem): problem.description
        case .foreignAnswer(let status): "the answer (\(status)) is not one of Token Ledger"
        case .unreachable: "the service cannot be reached"
        case .timedOut: "the service did not answer in time"
        case .cancelled: "the call was cancelled"
        case .malformedAddress: "the address is not such as https://ledger.example.com"
        case .malformedKey: "the key is no API key"
        case .malformedFinish: "the finish is neither JSON nor a form"
        }
    }
}
