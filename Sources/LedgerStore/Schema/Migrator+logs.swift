package import Ledger
package import Postgres

extension Migrator {
    /// Gives a new database, to which all migrations were applied, its logs; it may be repeated.
    ///
    /// `part` are the pairs that stand in this database, of the `pairs` that the deployment has. How many there
    /// are decides to which log a user belongs, so it is fixed with the first event: throws
    /// `StoreOpeningError.logsFixed` where others are there and that has come. Needs the rights of the schema's
    /// owner.
    package static func makeLogs(
        _ part: Range<Int>,
        of pairs: Int,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        do {
            // Who installs waits.
            let connection = try await PostgresConnection.connect(configuration.withLongLimits)
            let found = try await storedLogs(connection)
            let isNew = found.pairs != pairs || found.foundPairs != part
            if isNew {
                // Once logs are distributed, their own trigger lets none be added.
                let isDistributed = try await Distribution.of(connection) != nil
                guard try await !hasEvents(connection), !isDistributed else {
                    throw StoreOpeningError.logsFixed(pairs: found.pairs ?? 0)
                }
                try await connection.script("begin")
                try await make(part, of: pairs, connection)
                try await connection.script("commit")
            }
            await connection.close()
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            throw .opening(error)
        } catch {
            preconditionFailure("Only the store and the database throw here: \(error)")
        }
    }

    /// The same for a database that has all pairs.
    package static func makeLogs(
        _ logs: Logs,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        try await makeLogs(0..<logs.pairs, of: logs.pairs, on: configuration)
    }

    private static func storedLogs(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> StoredLogs {
        StoredLogs(try await connection.rows(StoredLogs.statement, StoredLogs.decode))
    }

    /// Whether any log has any.
    static func hasEvents(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement("logs_have_events", "select exists (select 1 from ledger.log where size > 0)")
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }

    /// Makes what is not there, and removes what belongs elsewhere: each migration gives a database pair 0.
    private static func make(
        _ part: Range<Int>,
        of pairs: Int,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        let logs = part.flatMap { pair in Log.Kind.allCases.map { Log($0, pair: pair) } }
        for log in logs { try await make(log, connection) }
        let ids = PostgresParameter.int4Array(logs.map(\.id))
        // Before their logs, which they name.
        try await connection.execute(
            Statement(
                "drop_problem_progress",
                "delete from ledger.problem_progress where log_id <> all ($1)",
                ids
            )
        )
        try await connection.execute(
            Statement(
                "drop_publishers",
                "delete from ledger.publisher where log_id <> all ($1)",
                ids
            )
        )
        try await connection.execute(
            Statement("drop_logs", "delete from ledger.log where log_id <> all ($1)", ids)
        )
        try await connection.execute(
            Statement("set_pairs", "update ledger.log set pairs = $1", .int4(Int32(pairs)))
        )
    }

    /// A log, and what belongs to it beside its row: who publishes its checkpoints, and how far its problems are.
    private static func make(
        _ log: Log,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "make_log",
                """
                with made as (
                    insert into ledger.log (log_id, kind) values ($1, $2)
                    on conflict do nothing returning log_id
                ), published as (
                    insert into ledger.publisher (log_id, secret_hash)
                    select made.log_id, (
                        select p.secret_hash from ledger.publisher p order by p.log_id limit 1
                    ) from made
                )
                select from made
                """,
                .int4(log.id),
                .text(log.kind.column)
            )
        )
        guard log.kind == .facts else { return }
        try await connection.execute(
            Statement(
                "make_problem_progress",
                """
                insert into ledger.problem_progress (log_id, next_position) values ($1, 0)
                on conflict do nothing
                """,
                .int4(log.id)
            )
        )
    }
}

extension Log.Kind {
    /// As the column `ledger.log.kind` has it.
    fileprivate var column: String {
        switch self {
        case .facts: "fact"
        case .access: "access"
        case .map: "map"
        }
    }
}
