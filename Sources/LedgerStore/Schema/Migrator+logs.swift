package import Ledger
package import Postgres

extension Migrator {
    /// Gives a new database, to which all migrations were applied, so many pairs of logs; it may be repeated.
    ///
    /// How many there are decides to which log a user belongs, so it is fixed with the first event: throws
    /// `StoreOpeningError.logsFixed` where there are others and that has come. Needs the rights of the
    /// schema's owner.
    package static func makeLogs(
        _ logs: Logs,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        let fixed: Int?
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(configuration)
            fixed = try await make(logs, connection)
            await connection.close()
        } catch {
            throw .opening(error)
        }
        if let fixed { throw .logsFixed(pairs: fixed) }
    }

    /// Gives how many pairs there are where that cannot be changed any more.
    private static func make(
        _ logs: Logs,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Int? {
        let found = try await connection.query(
            Statement("count_logs", "select count(*) from ledger.log where kind = 'fact'")
        ) { result throws(PostgresError) in Int(try result.int8(0, 0)) }
        guard found != logs.pairs else { return nil }
        let hasEvents = try await hasEvents(connection)
        guard found < logs.pairs, !hasEvents else { return found }
        try await connection.script("begin")
        for log in logs.all where log.pair >= found { try await make(log, connection) }
        try await connection.script("commit")
        return nil
    }

    private static func hasEvents(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement("logs_have_events", "select exists (select from ledger.log where size > 0)")
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }

    /// What belongs to a log beside its row: who publishes its checkpoints, and how far its problems are.
    private static func make(
        _ log: Log,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "make_log",
                """
                with made as (
                    insert into ledger.log (log_id, kind) values ($1, $2) returning log_id
                ), published as (
                    insert into ledger.publisher (log_id, secret_hash)
                    select made.log_id, first.secret_hash
                    from made, ledger.publisher first where first.log_id = 0
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
                "insert into ledger.problem_progress (log_id, next_position) values ($1, 0)",
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
