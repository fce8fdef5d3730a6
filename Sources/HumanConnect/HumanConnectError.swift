/// How a call to the provider failed, in the three classes the finalize protocol needs.
///
/// No case carries anything the provider sent but its status.
package enum HumanConnectError: Error, Equatable {
    /// The request's body never left: calling again is safe.
    case notSent(NotSentReason)
    /// The provider refused for certain: a 4xx that does not ask to come back.
    case rejected(status: Int)
    /// The provider may or may not have acted.
    case unknown(UnknownReason)

    /// Why nothing was sent.
    package enum NotSentReason: String, Sendable {
        case nameLookup
        case connectionRefused
        case connectTimedOut
        case tlsFailed
        case cancelled
        /// The app has no App Key, or the client was shut down.
        case notConfigured
    }

    /// Why the outcome is not known.
    package enum UnknownReason: Sendable, Equatable {
        case timedOut
        case cancelled
        case connectionLost
        case serverError(status: Int)
        case tooManyRequests
        /// 408 and 425: refused for now, perhaps after acting.
        case tryLater(status: Int)
        case redirected
        /// Neither 200, 201 nor an error.
        case unexpectedStatus(Int)
        case answerTooLarge
        case malformedAnswer
        case missingField(String)
        /// Empty, too long, repeated, not a string, or with control characters.
        case invalidField(String)
        /// The answer is about another person than was asked for.
        case differentHuman
    }
}

extension HumanConnectError: CustomStringConvertible {
    /// A sentence that is safe to show.
    package var description: String {
        switch self {
        case .notSent(let reason): "The provider was not reached: \(reason.rawValue)."
        case .rejected(let status): "The provider refused with status \(status)."
        case .unknown(let reason): "The provider's answer is not known: \(reason)."
        }
    }
}
