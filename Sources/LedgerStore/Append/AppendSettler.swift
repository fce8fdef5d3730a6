internal import Ledger
internal import Logging
internal import Measures
internal import Postgres
internal import Vault

/// Finds out what became of appends whose answer was lost.
///
/// Never sends them again (docs/threats.md#f18).
struct AppendSettler: Sendable {
    let log: Log
    let pool: PostgresPool
    let vault: Vault
    let meter: AppendMeter
    let logger: Logger

    private struct Settled: Sendable {
        let position: Int64
        let record: [UInt8]
    }

    /// Asks on another connection which of the commands are in the log, until somebody answers.
    func settle(
        _ commands: [AppendCommand],
        sentIn session: ServerSession?
    ) async -> [Result<AppendVerdict, StoreError>] {
        meter.lostAnswers.add()
        let ids = commands.compactMap { $0.events.first?.record.id.value }
        let deadline = ContinuousClock.now + StoreLimits.settleTimeMax
        repeat {
            do throws(PostgresError) {
                let settled = try await settled(ids, sentIn: session)
                return commands.map { verdict(on: $0, settled) }
            } catch {
                logger.warning("append not settled yet", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: StoreLimits.settlePause)
        } while ContinuousClock.now < deadline && !Task.isCancelled
        meter.unsettledAnswers.add()
        logger.error("append outcome not settled", metadata: ["commands": "\(commands.count)"])
        return commands.map { _ in .failure(.outcomeUnknown) }
    }

    private func verdict(
        on command: AppendCommand,
        _ settled: [UInt128: Settled]
    ) -> Result<AppendVerdict, StoreError> {
        guard let first = command.events.first, let stored = settled[first.record.id.value] else {
            return .failure(.unavailable)
        }
        // An id may be derived, and another worker may have used it: only the same bytes are our
        // own.
        return .success(
            stored.record == first.bytes
                ? .appended(position: stored.position) : .repeated(position: stored.position)
        )
    }

    /// What of it is in the log, for good.
    private func settled(
        _ ids: [UInt128],
        sentIn session: ServerSession?
    ) async throws(PostgresError) -> [UInt128: Settled] {
        try await pool.withConnection { connection throws(PostgresError) in
            let found = try await ask(ids, connection)
            guard found.count < ids.count, let session else { return found }
            try await end(session, connection)
            return try await ask(ids, connection)
        }
    }

    /// The answer counts only once the question's own commit is confirmed, by the standby too where
    /// the server has one; what stands before it in the server's log is so as well.
    private func ask(
        _ ids: [UInt128],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: Settled] {
        let statement = Statement(
            "settle_events",
            """
            select settled_id, settled_position, settled_record
            from ledger.settle_events($1, $2, $3)
            """,
            .int4(log.id),
            .uuidArray(ids),
            .bytea(vault.databaseSecret)
        )
        let settled = try await connection.query(statement) { result throws(PostgresError) in
            try result.rows { result, row throws(PostgresError) in
                (
                    try result.uuid(row, 0),
                    Settled(position: try result.int8(row, 1), record: try result.bytes(row, 2))
                )
            }
        }
        return Dictionary(uniqueKeysWithValues: settled)
    }

    /// Ends a session that we gave up, unless it has ended.
    ///
    /// One at work has been waited for by now. But the statement may still be on its way to it: then
    /// the log does not hold the events yet, and would later, after we have said that nothing was
    /// written.
    private func end(
        _ session: ServerSession,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        let hasEnded = try await connection.query(
            Statement(
                "end_session",
                """
                select coalesce(bool_and(pg_terminate_backend(pid, $3)), true)
                from pg_stat_activity where pid = $1 and backend_start = $2::text::timestamptz
                """,
                .int4(session.process),
                .text(session.begin),
                .int8(Int64(StoreLimits.sessionEndTimeMax / .milliseconds(1)))
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        guard hasEnded else { throw PostgresError.outcomeUnknown("the session goes on") }
        let isAlone = try await NodeSessions.end(ofProcess: session.process, connection)
        guard isAlone else { throw PostgresError.outcomeUnknown("a session of a node goes on") }
    }
}
