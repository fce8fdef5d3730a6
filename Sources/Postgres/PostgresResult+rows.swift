/// Reads one row of a result.
///
/// An initialiser `init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError)` is
/// one.
package typealias RowDecoder<Row> =
    @Sendable (_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) -> Row

extension PostgresResult {
    /// Every row, in order.
    package borrowing func rows<Row>(
        _ decode: RowDecoder<Row>
    ) throws(PostgresError) -> [Row] {
        let count = rowCount
        var rows: [Row] = []
        rows.reserveCapacity(count)
        for row in 0..<count { rows.append(try decode(self, row)) }
        return rows
    }
}

extension PostgresConnection {
    /// Runs one statement and gives every row of its answer, in order.
    package func rows<Row: Sendable>(
        _ statement: Statement,
        _ decode: RowDecoder<Row>
    ) async throws(PostgresError) -> [Row] {
        try await query(statement) { result throws(PostgresError) in try result.rows(decode) }
    }

    /// Runs one statement and gives the first row of its answer; nil when there is none.
    package func firstRow<Row: Sendable>(
        _ statement: Statement,
        _ decode: RowDecoder<Row>
    ) async throws(PostgresError) -> Row? {
        try await query(statement) { result throws(PostgresError) in
            result.rowCount > 0 ? try decode(result, 0) : nil
        }
    }

    /// Runs one statement whose answer is not needed.
    package func execute(_ statement: Statement) async throws(PostgresError) {
        try await query(statement) { _ throws(PostgresError) in }
    }
}

extension PostgresPool {
    /// Runs one statement and gives every row of its answer, in order.
    package func rows<Row: Sendable>(
        _ statement: Statement,
        share: PoolShare = .calls,
        _ decode: RowDecoder<Row>
    ) async throws(PostgresError) -> [Row] {
        try await query(statement, share: share) { result throws(PostgresError) in
            try result.rows(decode)
        }
    }
}
