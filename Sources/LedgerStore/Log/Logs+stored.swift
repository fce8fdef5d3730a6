internal import Ledger
internal import Postgres

extension Logs {
    /// Which logs there are, of which each database must have those that the map says, and no others.
    ///
    /// From then on no connection is opened to a database that has come to have others: a copy of the service that
    /// knew fewer would take a user of the others for somebody new.
    static func read(_ pools: LogPools) async throws(StoreOpeningError) -> Logs {
        var logs: Logs?
        for (part, pool) in zip(pools.map.parts, pools.pools) {
            let stored = try await StoredLogs(pool)
            guard let said = stored.logs, let found = stored.foundPairs else {
                throw .unsupportedLogs
            }
            let expected = pools.map.saysPairs ? part.pairs : 0..<said.pairs
            guard found == expected, said.pairs == pools.map.pairs ?? said.pairs else {
                throw .otherPart(found: found, of: said.pairs, isMapped: pools.map.saysPairs)
            }
            guard said == logs ?? said else { throw .additionUnfinished }
            pool.require(StoredLogs.requirement(said, of: found))
            logs = said
        }
        guard let logs else { throw .unsupportedLogs }
        return logs
    }
}

/// What one database says of the logs that there are.
struct StoredLogs: Sendable {
    /// Those of the deployment; nil where the rows do not say the same.
    let logs: Logs?
    /// The pairs that the database has; nil where they are not whole, or not one after the other.
    let foundPairs: Range<Int>?

    typealias Row = (id: Int32, pairs: Int, closedPairs: Int)

    static let statement = Statement("logs", "select log_id, pairs, closed_pairs from ledger.log")

    static let decode: RowDecoder<Row> = { result, row throws(PostgresError) in
        (
            id: try result.int4(row, 0), pairs: Int(try result.int4(row, 1)),
            closedPairs: Int(try result.int4(row, 2))
        )
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
        logs = Self.said(rows)
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

    private static func said(_ rows: [Row]) -> Logs? {
        guard let first = rows.first, 1...Log.pairsMax ~= first.pairs,
            0..<first.pairs ~= first.closedPairs,
            rows.allSatisfy({ $0.pairs == first.pairs && $0.closedPairs == first.closedPairs })
        else { return nil }
        return Logs(pairs: first.pairs, closedPairs: first.closedPairs)
    }

    /// What a session begins with that knows these logs, in a database that has these pairs of them.
    static func requirement(_ logs: Logs, of found: Range<Int>) -> String {
        let log = Log(.facts, pair: found.lowerBound)
        return "select ledger.require_logs(\(log.id), \(logs.pairs), \(logs.closedPairs))"
    }
}
