internal import Postgres

/// The pool of a store, whose errors are the store's: the one place where they are translated.
// An object: with Swift 6.3.1 an asynchronous function that is given more words may overwrite what its caller holds.
final class StoreDatabase: Sendable {
    let pool: PostgresPool
    /// Whose share of the pool its statements take.
    let share: PoolShare

    init(pool: PostgresPool, share: PoolShare = .calls) {
        self.pool = pool
        self.share = share
    }

    /// Runs one statement that only reads, and lends its answer to `decode`.
    ///
    /// An answer that is lost is a failed read, not an unknown outcome: nothing was written.
    func query<Value: Sendable>(
        _ statement: Statement,
        decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await retried(statement, decode: decode)
        } catch {
            throw error.code == .outcomeUnknown ? .unavailable : StoreError(error)
        }
    }

    /// Runs one statement and gives every row of its answer, in order.
    func rows<Row: Sendable>(
        _ statement: Statement,
        _ decode: RowDecoder<Row>
    ) async throws(StoreError) -> [Row] {
        try await query(statement) { result throws(PostgresError) in try result.rows(decode) }
    }

    /// Runs one statement and gives the first row of its answer; nil when there is none.
    func firstRow<Row: Sendable>(
        _ statement: Statement,
        _ decode: RowDecoder<Row>
    ) async throws(StoreError) -> Row? {
        try await query(statement) { result throws(PostgresError) in
            result.rowCount > 0 ? try decode(result, 0) : nil
        }
    }

    /// Runs one statement, again where the server rolled it back for another one's sake.
    func retried<Value: Sendable>(
        _ statement: Statement,
        decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        var pause = RetryPause()
        for _ in 1..<StoreLimits.rollbackTriesMax {
            do {
                return try await pool.query(statement, share: share, decode: decode)
            } catch {
                guard error.sqlState?.isRollback == true else { throw error }
            }
            await pause.wait()
        }
        return try await pool.query(statement, share: share, decode: decode)
    }
}
