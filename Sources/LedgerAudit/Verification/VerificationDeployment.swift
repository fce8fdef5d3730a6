internal import Ledger

/// Which logs a deployment has, as one of its databases says.
struct VerificationDeployment: Sendable {
    struct Row: Sendable {
        let logID: Int32
        let pairs: Int
        let closedPairs: Int
        let closedAt: Int64?
    }

    let logs: Logs
    /// How long each closed log of the database was when others were added.
    private let sizes: [Int32: Int64]

    init(_ rows: [Row]) {
        let pairs = rows.map(\.pairs).max() ?? 1
        // A number that cannot be closes nothing: then everything is where it should not be.
        let closed = rows.map(\.closedPairs).max() ?? 0
        logs = Logs(pairs: pairs, closedPairs: 0..<pairs ~= closed ? closed : 0)
        let closedAt = rows.compactMap { row in row.closedAt.map { (row.logID, $0) } }
        sizes = Dictionary(closedAt) { first, _ in first }
    }

    /// Whether what stands at a position of a log came before others were added.
    func isBeforeAddition(_ position: Int64, in logID: Int32) -> Bool {
        sizes[logID].map { position < $0 } ?? false
    }

    /// Whether somebody whose first event stands at a position of a log must not be there: nobody new belongs to it.
    func isMisplaced(_ position: Int64, in logID: Int32) -> Bool {
        sizes[logID].map { position >= $0 } ?? false
    }
}
