/// What a campaign counts, for the table of its runs.
package struct Tally: Sendable, Equatable {
    /// Calls that a client was told are done.
    package private(set) var acknowledged: Int
    package private(set) var finalizes: Int
    /// Acknowledged calls that the log does not have.
    package private(set) var lost: Int
    /// What stands twice in the log.
    package private(set) var duplicated: Int
    /// Finalizes whose answer is lost, as the log says openly.
    package private(set) var unresolved: Int
    /// Requests for an exchange that reached the provider.
    package private(set) var exchanges: Int

    package init(_ evidence: Evidence) {
        self.init(Checker(evidence))
    }

    init(_ checker: Checker) {
        let evidence = checker.evidence
        acknowledged = evidence.journal.count { $0.call.answer?.isAcknowledged == true }
        finalizes = checker.history.trails.count { $0.received != nil }
        lost = checker.acknowledged().count
        duplicated = checker.duplicated().count
        unresolved = checker.history.trails.count { $0.end == .lost }
        exchanges = evidence.exchanges.count
    }

    /// What there is before anything happened.
    package static let none = Tally(Evidence())

    /// Adds what was counted elsewhere.
    package mutating func add(_ other: Tally) {
        acknowledged += other.acknowledged
        finalizes += other.finalizes
        lost += other.lost
        duplicated += other.duplicated
        unresolved += other.unresolved
        exchanges += other.exchanges
    }
}
