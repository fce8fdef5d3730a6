package import Ledger
package import Postgres

extension Migrator {
    /// Which logs a deployment shall have that is to have so many pairs: all of them open, or those beside the ones
    /// that have users.
    ///
    /// The databases stand at the migration of this program. Throws `StoreOpeningError.logsFixed` where there are more, for
    /// none is ever taken away.
    package static func logs(
        pairs: Int,
        on owner: DatabaseMap
    ) async throws(StoreOpeningError) -> Logs {
        var hasEvents = false
        var found: Logs?
        do throws(PostgresError) {
            for (index, part) in owner.parts.enumerated() {
                let connection = try await PostgresConnection.connect(part.database)
                hasEvents = try await self.hasEvents(connection) || hasEvents
                if index == 0 { found = try await storedLogs(connection).logs }
                await connection.close()
            }
        } catch {
            throw .opening(error)
        }
        guard let found else { throw .unsupportedLogs }
        if found.pairs == pairs { return found }
        guard hasEvents else { return Logs(pairs: pairs) }
        guard found.pairs < pairs else { throw .logsFixed(pairs: found.pairs) }
        return Logs(pairs: pairs, closedPairs: found.pairs)
    }

    /// Gives the databases of a deployment, to which all migrations were applied, their logs; it may be repeated.
    ///
    /// Of a deployment with events pairs are added to those that there are (docs/decisions/0067-k-logs-of-facts.md#from-one-to-k),
    /// which needs that no copy of the service is connected: throws `StoreOpeningError.serviceConnected`. Needs the rights
    /// of the schema's owner.
    package static func makeLogs(
        _ logs: Logs,
        on owner: DatabaseMap
    ) async throws(StoreOpeningError) {
        // The first database is asked which logs there are, so it is the last to be told of others: who ends in between
        // begins anew.
        for part in owner.parts.reversed() {
            try await makeLogs(part.pairs.clamped(to: 0..<logs.pairs), of: logs, on: part.database)
        }
    }

    /// The same for one database, which has `part` of the pairs.
    package static func makeLogs(
        _ part: Range<Int>,
        of logs: Logs,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        do {
            // Who installs waits.
            let connection = try await PostgresConnection.connect(configuration.withLongLimits)
            let found = try await storedLogs(connection)
            if found.logs != logs || found.foundPairs != part {
                // Once logs are distributed, their own trigger lets none be added.
                let isDistributed = try await Distribution.of(connection) != nil
                guard !isDistributed else {
                    throw StoreOpeningError.logsFixed(pairs: found.logs?.pairs ?? 0)
                }
                if try await hasEvents(connection) {
                    try await add(part, of: logs, to: found, connection)
                } else {
                    try await connection.script("begin")
                    try await make(part, of: logs, connection)
                    try await connection.script("commit")
                }
            }
            await connection.close()
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            throw error.code == .timedOut ? .tablesLocked : .opening(error)
        } catch {
            preconditionFailure("Only the store and the database throw here: \(error)")
        }
    }

    /// The same for a database that has all pairs.
    package static func makeLogs(
        _ logs: Logs,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        try await makeLogs(0..<logs.pairs, of: logs, on: configuration)
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

    /// Closes the pairs that there are, and makes those that this database is to have beside its own.
    private static func add(
        _ part: Range<Int>,
        of logs: Logs,
        to found: StoredLogs,
        _ connection: PostgresConnection
    ) async throws {
        guard let said = found.logs, let pairs = found.foundPairs else {
            throw StoreOpeningError.unsupportedLogs
        }
        guard logs.closedPairs == said.pairs, part.lowerBound <= pairs.lowerBound,
            part.upperBound >= pairs.upperBound
        else { throw StoreOpeningError.logsFixed(pairs: said.pairs) }
        try await refuseService(connection)
        try await connection.script("begin; lock table ledger.log in access exclusive mode")
        // Whoever connects from now on waits for this transaction, and is told of the new logs.
        try await refuseService(connection)
        try await make(part, of: logs, connection)
        try await connection.script("commit")
    }

    /// A copy of the service that knows fewer logs must have ended.
    private static func refuseService(_ connection: PostgresConnection) async throws {
        let count = try await connection.query(
            Statement(
                "service_sessions",
                """
                select count(*) from pg_catalog.pg_stat_activity a
                join pg_catalog.pg_roles r on r.oid = a.usesysid
                where a.datname = current_database() and a.pid <> pg_backend_pid()
                    and not r.rolsuper and a.usename <> current_user
                    and pg_has_role(a.usesysid, 'token_ledger_service', 'member')
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        if count > 0 { throw StoreOpeningError.serviceConnected(sessions: count) }
    }

    /// Makes what is not there, and removes what belongs elsewhere: each migration gives a database pair 0.
    private static func make(
        _ part: Range<Int>,
        of all: Logs,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        let logs = part.flatMap { pair in Log.Kind.allCases.map { Log($0, pair: pair) } }
        for log in logs { try await make(log, of: all, connection) }
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
            Statement(
                "set_pairs",
                """
                update ledger.log set pairs = $1, closed_pairs = $2,
                    closed_at = case when log_id = any ($3) then coalesce(closed_at, size) end
                where (pairs, closed_pairs) <> ($1, $2)
                """,
                .int4(Int32(all.pairs)),
                .int4(Int32(all.closedPairs)),
                .int4Array(logs.filter { all.isClosed($0) }.map(\.id))
            )
        )
        // Where the endpoints are: they have had everything of a log that has begun with none.
        try await connection.execute(
            Statement(
                "make_webhook_progress",
                """
                insert into ledger.webhook_progress (endpoint_id, fact_log, next_position)
                select e.endpoint_id, l.log_id, 0
                from ledger.webhook_endpoint e, unnest($1) as l (log_id)
                where e.removed_at is null
                on conflict do nothing
                """,
                .int4Array(all.list(.facts).map(\.id))
            )
        )
    }

    /// A log, and what belongs to it beside its row: who publishes its checkpoints, and how far its problems are.
    private static func make(
        _ log: Log,
        of all: Logs,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "make_log",
                """
                with made as (
                    insert into ledger.log (log_id, kind, pairs, closed_pairs) select $1, $2, $3, $4
                    where not exists (select from ledger.log l where l.log_id = $1)
                    returning log_id
                ), published as (
                    insert into ledger.publisher (log_id, secret_hash)
                    select made.log_id, (
                        select p.secret_hash from ledger.publisher p order by p.log_id limit 1
                    ) from made
                )
                select from made
                """,
                .int4(log.id),
                .text(log.kind.column),
                .int4(Int32(all.pairs)),
                .int4(Int32(all.closedPairs))
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
