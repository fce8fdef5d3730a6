/// All that the log has of one finalize, by position.
struct FinalizeTrail: Sendable {
    let finalize: String
    /// The first is the intent, unless that is missing.
    private(set) var facts: [Fact] = []
    /// The last position at which the user got tokens, by whichever finalize.
    var tokensPosition = -1

    init(_ finalize: String) {
        self.finalize = finalize
    }

    mutating func append(_ fact: Fact) {
        facts.append(fact)
    }
}

/// How a finalize stands when the log ends.
enum FinalizeEnd: Sendable, Equatable {
    /// With tokens.
    case finalized
    /// The provider refused.
    case rejected
    /// It was about somebody else.
    case refused
    /// The answer came when newer tokens were held.
    case superseded
    /// Nobody waits for it: its answer is lost, which is said, or newer tokens have come since.
    case lost
    /// It was never sent, as the log has it.
    case neverSent
    /// It may have been sent, and nobody has ended it.
    case dispatched
    /// It was not sent, and nobody has ended it.
    case received

    /// Nobody has ended it.
    var isOpen: Bool { self == .dispatched || self == .received }
}

extension FinalizeTrail {
    var received: Fact? { first("finish.received") }
    var finalized: Fact? { facts.first(where: \.isFinalized) }
    var launch: String? { (received ?? finalized)?["launch"] }
    var subject: String? { facts.first?.subject }

    func first(_ type: String) -> Fact? { facts.first { $0.type == type } }

    /// A newer finalize ends those that are unresolved (docs/threats.md#53-states), without an
    /// event of theirs; and a late answer still counts after `finalize.abandoned`
    /// (docs/decisions/0035-who-ends-what-was-left-behind.md).
    var end: FinalizeEnd {
        if finalized != nil { return .finalized }
        if first("finalize.rejected") != nil { return .rejected }
        if first("finalize.refused") != nil { return .refused }
        if first("finalize.superseded") != nil { return .superseded }
        let isSent = mayBeSent
        if let abandoned = first("finalize.abandoned") {
            return isSent && abandoned["reason"] == "answer_lost" ? .lost : .neverSent
        }
        if let last = facts.last, last.type == "finalize.unresolved",
            last.position < tokensPosition
        {
            return isSent ? .lost : .neverSent
        }
        return isSent ? .dispatched : .received
    }

    /// Whether the log says that the session may have reached the provider.
    ///
    /// What is unresolved as `not_sent` certainly did not, unless it was dispatched anew.
    private var mayBeSent: Bool {
        let last = facts.last { Self.sending.contains($0.type) }
        return last != nil && last?["class"] != "not_sent"
    }

    private static let sending: Set = ["exchange.dispatched", "finalize.unresolved"]
}
