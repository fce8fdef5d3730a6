internal import Ledger
internal import Postgres

extension Logs {
    /// Which logs the database has; nil where they are not whole pairs.
    static func read(_ pool: PostgresPool) async throws(PostgresError) -> Logs? {
        let stored = try await pool.rows(
            Statement("logs", "select log_id from ledger.log")
        ) { result, row throws(PostgresError) in try result.int4(row, 0) }
        let pairs = stored.count / Log.Kind.allCases.count
        guard 1...Log.pairsMax ~= pairs else { return nil }
        let logs = Logs(pairs: pairs)
        return Set(stored) == Set(logs.all.map(\.id)) ? logs : nil
    }
}
