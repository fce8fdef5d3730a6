import Campaign
import Testing

/// A history in which one promise is broken.
struct Doctored: Sendable, CustomTestStringConvertible {
    let title: String
    /// The violations that must be found, and no others.
    let rules: [Rule]
    /// Writes the history, with what is wrong in it.
    let write: @Sendable (inout Story) -> Void

    init(_ rules: Rule..., of title: String, write: @escaping @Sendable (inout Story) -> Void) {
        self.title = title
        self.rules = rules
        self.write = write
    }

    var testDescription: String { title }

    static let all =
        acknowledged + duplicated + order + finalizes + served + bijection + silent + secrets
        + stale + read + stuck
}

/// Every rule is seen red.
@Suite(.timeLimit(.minutes(2)))
struct DoctoredTests {
    @Test("what is doctored is found, and nothing else", arguments: Doctored.all)
    func found(_ doctored: Doctored) {
        var story = Story()
        doctored.write(&story)
        let violations = Checker.violations(in: story.evidence)
        #expect(violations.map(\.rule) == doctored.rules, "\(violations)")
    }

    @Test("it is found among all that is true", arguments: Doctored.all)
    func foundAmongOthers(_ doctored: Doctored) {
        var story = Story.clean
        doctored.write(&story)
        let rules = Set(Checker.violations(in: story.evidence).map(\.rule))
        #expect(rules.isSuperset(of: doctored.rules))
    }

    @Test("every rule has a history that breaks it alone")
    func complete() {
        let broken = Set(Doctored.all.filter { Set($0.rules).count == 1 }.flatMap(\.rules))
        // A round judges the others: it knows what was done, asks `/readyz`, and runs `token-ledger verify`.
        #expect(broken.union([.replay, .answersKept, .ready]) == Set(Rule.allCases))
    }
}
