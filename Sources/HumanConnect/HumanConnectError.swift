/// How a call to the provider failed, in the three classes the finalize protocol needs.
///
/// No case carries anything the provider sent but its status.
package enum HumanConnectError: Error, Equatable {
    /// The request's body never left: calling again is safe.
    case notSent(NotSentReason)
    /// The provider refused for certain: a 4xx that does not ask to come back, in the words of its
    /// own API (docs/provider.md#refusals).
    case rejected(status: Int)
    /// The provider may or may not have acted.
    case unknown(UnknownReason)

    /// Why nothing was sent.
    package enum NotSentReason: Sendable, Equatable {
        case nameLookup
        case connectionRefused
        case connectTimedOut
        case tlsFailed
        case cancelled
        /// The app has no App Key, or the client was shut down.
        case notConfigured
        /// The calls before failed; the host is tried again after this time.
        case hostIsAway(retryAfter: Duration)
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
        /// A 4xx that is not in the words of the provider's API: something in between may have
        /// refused, a proxy or a firewall.
        case foreignRefusal(status: Int)
        /// Neither 200, 201 nor an error.
        case unexpectedStatus(Int)
        case answerTooLarge
        /// A 200 or 201 whose content type is not JSON's: a page, not an answer.
        case notJSON
        /// The list of users has more bytes, entries or unreadable entries than are read.
        case listTooLong
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
        case .notSent(let reason): "The provider was not reached: \(reason)."
        case .rejected(let status): "The provider refused with status \(status)."
        case .unknown(let reason): "The provider's answer is not known: \(reason)."
        }
    }
}
