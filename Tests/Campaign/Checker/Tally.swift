/// What a campaign counts, for the table of its runs.
package struct Tally: Sendable, Equatable {
    /// Calls that a client was told are done.
    package let acknowledged: Int
    package let finalizes: Int
    /// Acknowledged calls that the log does not have.
    package let lost: Int
    /// What stands twice in the log.
    package let duplicated: Int
    /// Finalizes whose answer is lost, as the log says openly.
    package let unresolved: Int
    /// Requests for an exchange that reached the provider.
    package let exchanges: Int

    package init(_ evidence: Evidence) {
        let checker = Checker(evidence)
        acknowledged = evidence.journal.count { $0.call.answer?.isAcknowledged == true }
        finalizes = checker.history.trails.count { $0.received != nil }
        lost = checker.acknowledged().count
        duplicated = checker.duplicated().count
        unresolved = checker.history.trails.count { $0.end == .lost }
        exchanges = evidence.exchanges.count
    }
}
