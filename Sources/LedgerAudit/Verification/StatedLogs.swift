internal import Ledger
internal import StateMap

/// Which logs the statements of a log of maps say that there are, one after the other.
///
/// Pairs are added, and never taken away, so each statement says what the one before it says, or what can have become
/// of it; and all of it has become what there is, which the last one says.
struct StatedLogs {
    private let logID: Int32
    private let stored: Logs
    /// What the last statement says that fits.
    private var last: (position: Int64, logs: Logs)?

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
            let isGrown = last.map { $0.logs == logs || $0.logs.canBecome(logs) } ?? true
            if isGrown, logs == stored || logs.canBecome(stored) {
                last = (position, logs)
            } else {
                report.add(logID, position, .pairsDiffer(stated: logs))
            }
        }
    }

    /// Ends the log.
    func finish(_ report: inout VerificationReport) {
        guard let last, last.logs != stored else { return }
        report.add(logID, last.position, .pairsDiffer(stated: last.logs))
    }
}
