internal import HumanConnect
internal import Ledger

/// What came of an exchange, as it is to be recorded.
enum ExchangeResult: Sendable, Equatable {
    /// Tokens; whether they are the launched user's is decided on the user as it is then.
    case answered(TokenAnswer)
    /// Tokens of somebody else.
    case refused(Mismatch)
    /// The provider refused the session for certain.
    case rejected(status: Int)
    /// Nobody knows what became of the dispatch with this number.
    case unresolved(reason: String, number: Int64)
}

extension HumanConnectError.UnknownReason {
    /// The `class` in `finalize.unresolved`.
    var word: String {
        switch self {
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .connectionLost: "connection_lost"
        case .serverError(let status): "server_error_\(status)"
        case .tooManyRequests: "too_many_requests"
        case .tryLater(let status): "try_later_\(status)"
        case .redirected: "redirected"
        case .foreignRefusal(let status): "foreign_refusal_\(status)"
        case .unexpectedStatus(let status): "unexpected_status_\(status)"
        case .answerTooLarge: "answer_too_large"
        case .notJSON: "not_json"
        case .listTooLong: "list_too_long"
        case .malformedAnswer: "malformed_answer"
        case .missingField: "missing_field"
        case .invalidField: "invalid_field"
        case .differentHuman: "different_human"
        }
    }
}
