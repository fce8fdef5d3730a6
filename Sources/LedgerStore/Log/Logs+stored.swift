internal import Ledger
internal import Postgres

extension Logs {
    /// Which logs there are, of which each database must have those that the map says, and no others.
    static func read(_ pools: LogPools) async throws(StoreOpeningError) -> Logs {
        var logs: Logs?
        for (part, pool) in zip(pools.map.parts, pools.pools) {
            let stored = try await StoredLogs(pool)
            guard let pairs = stored.pairs, let found = stored.foundPairs else {
                throw .unsupportedLogs
            }
            let expected = pools.map.saysPairs ? part.pairs : 0..<pairs
            guard found == expected, pairs == pools.map.pairs ?? pairs else {
                throw .otherPart(found: found, of: pairs, isMapped: pools.map.saysPairs)
            }
            logs = Logs(pairs: pairs)
        }
        guard let logs else { throw .unsupportedLogs }
        return logs
    }
}

/// What one database says of the logs that there are.
struct StoredLogs: Sendable {
    /// How many pairs the deployment has; nil where its logs do not say the same.
    let pairs: Int?
    /// The pairs that the database has; nil where they are not whole, or not one after the other.
    let foundPairs: Range<Int>?

    typealias Row = (id: Int32, pairs: Int)

    static let statement = Statement("logs", "select log_id, pairs from ledger.log")

    static let decode: RowDecoder<Row> = { result, row throws(PostgresError) in
        (id: try result.int4(row, 0), pairs: Int(try result.int4(row, 1)))
    }

    /// Reads `ledger.log`.
    init(_ pool: PostgresPool) async throws(StoreOpeningError) {
        do {
            self.init(try await pool.rows(Self.statement, Self.decode))
        } catch {
            throw .database(error)
        }
    }

    init(_ rows: [Row]) {
        let said = Set(rows.map(\.pairs))
        pairs = said.count == 1 ? said.first.flatMap { 1...Log.pairsMax ~= $0 ? $0 : nil } : nil
        let ids = Set(rows.map(\.id))
        let numbers = ids.compactMap { Log(id: $0)?.pair }
        guard let first = numbers.min(), let last = numbers.max() else {
            foundPairs = nil
            return
        }
        let whole = (first...last).flatMap { pair in
            Log.Kind.allCases.map { Log($0, pair: pair).id }
        }
        foundPairs = ids == Set(whole) ? first..<last + 1 : nil
    }
}
