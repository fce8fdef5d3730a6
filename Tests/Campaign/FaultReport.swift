/// What came of all rounds of one fault: a line of the table.
package struct FaultReport: Sendable {
    package let fault: Fault
    package var rounds = 0
    package var injections = 0
    package var visits = 0
    package var tally = Tally.none
    package var recoveries: [Duration] = []
    package var outages: [Duration] = []
    package var violations: [Violation] = []
    /// Where the evidence of what was broken lies.
    package var storyFiles: [String] = []
    /// Why it could not be tried to its end.
    package var failure: String?

    package init(fault: Fault) {
        self.fault = fault
    }

    /// How many users are left with a popup that does not open, or a launch that is refused.
    package var stuck: Int { violations.count { $0.rule == .stuck } }

    /// Whether it went as it must: nothing broken, or, for a control, something lost.
    package var isGood: Bool {
        guard failure == nil else { return false }
        // What is gone may have been a record of something else.
        let lost = violations.contains { [.acknowledged, .read, .silent].contains($0.rule) }
        return fault.isControl ? lost : violations.isEmpty
    }

    /// Adds a round of the same world.
    mutating func add(_ result: Round.Result) {
        rounds += 1
        injections += result.injections
        visits += result.visits
        recoveries += result.recoveries
        outages += result.outages
        violations += result.violations
        if let file = result.storyFile { storyFiles.append(file) }
        tally = result.tally
    }

    /// Adds the rounds of another world.
    package mutating func add(_ other: FaultReport) {
        rounds += other.rounds
        injections += other.injections
        visits += other.visits
        tally.add(other.tally)
        recoveries += other.recoveries
        outages += other.outages
        violations += other.violations
        storyFiles += other.storyFiles
        failure = failure ?? other.failure
    }

    /// The recovery that 99 of 100 do not exceed; nil when there was nothing to recover from.
    package var recovery99: Duration? {
        let sorted = recoveries.sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * 0.99).rounded(.up)) - 1)]
    }
}
