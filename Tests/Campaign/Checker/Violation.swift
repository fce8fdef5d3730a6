/// A promise that was not kept.
package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package let rule: Rule
    /// What was seen, with the user, launch or position that it was seen of; no secret.
    package let words: String

    package init(_ rule: Rule, _ words: String) {
        self.rule = rule
        self.words = words
    }

    package var description: String { "\(rule.rawValue): \(words)" }
}

/// What the campaign checks (docs/threats.md#56-invariants).
package enum Rule: String, Sendable, CaseIterable {
    /// Everything acknowledged to a client is in the log (G1, G2, G3).
    case acknowledged
    /// What is in the log twice was one act: no launch, no finalize, no token version twice (G4).
    case duplicated
    /// I1: at most one exchange per session reaches the provider.
    case oneExchange = "I1"
    /// I2: launched before received before dispatched before the outcome.
    case order = "I2"
    /// I3: at most one of finalized and rejected per finalize.
    case oneOutcome = "I3"
    /// I4: every finalize has ended.
    case ended = "I4"
    /// I5: what was read was issued, by a finalize of that user, and is the provider's for that user.
    case served = "I5"
    /// I6: a user and a person belong to each other alone, at every position.
    case bijection = "I6"
    /// I7: what the provider has made is on record, or openly lost.
    case silent = "I7"
    /// I8: no session is kept that nobody needs.
    case sessions = "I8"
    /// I9: no secret stands in an event, nor in what else is written.
    case secrets = "I9"
    /// G5: who reads sees everything that was acknowledged before, and never less than before.
    case stale = "G5"
    /// Every read was on record before its answer (G22).
    case read = "G22"
    /// While only the database is away, no answer of the provider is lost (G32).
    case answersKept = "G32"
    /// `/readyz` is 200 only while a launch could be written.
    case ready
    /// The popup opens: no "User Already Exists", no dead token, and the launch is served.
    case stuck
    /// The log replays to the projection and the vault, and the tree has it all.
    case replay
}
