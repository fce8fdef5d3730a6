internal import Ledger
internal import StateMap

/// Which logs the statements of a log of maps say that there are, one after the other.
///
/// Pairs are added, and never taken away, so each statement says what the one before it says, or what can have become
/// of it, and can have become what there is. The last one may be of before: nothing is stated until the service knows of
/// the pairs that were added.
struct StatedLogs {
    private let logID: Int32
    private let stored: Logs
    /// What the last statement says that fits.
    private var last: Logs?

    /// `stored` are the logs that the database says there are.
    init(logID: Int32, stored: Logs) {
        self.logID = logID
        self.stored = stored
    }

    /// Takes the next statements in the order of positions.
    mutating func take(
        _ statements: [(position: Int64, statement: MapStatement)],
        _ report: inout VerificationReport
    ) {
        for (position, statement) in statements {
            let logs = statement.logs
            let isGrown = last.map { $0 == logs || $0.canBecome(logs) } ?? true
            if isGrown, logs == stored || logs.canBecome(stored) {
                last = logs
            } else {
                report.add(logID, position, .pairsDiffer(stated: logs))
            }
        }
    }
}
