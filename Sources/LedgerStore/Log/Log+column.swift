internal import Ledger
internal import Postgres

extension Log {
    /// Reads a column `log_id`; throws `.decodingFailed` for a log that this program does not know.
    init(_ result: borrowing PostgresResult, _ row: Int, _ column: Int) throws(PostgresError) {
        let id = try result.int4(row, column)
        guard let log = Log(id: id) else {
            throw PostgresError.decodingFailed("row \(row) is of log \(id)")
        }
        self = log
    }
}
