internal import Ledger
internal import Logging
internal import Metrics
internal import Postgres

/// Appends to one log, many commands at a time (group commit): one batch is one statement, one
/// round trip, one fsync.
final class LogWriter: Sendable {
    private let batcher: Batcher<AppendCommand, AppendVerdict>
    /// For readiness.
    let outcomes = AppendOutcomes()

    init(log: Log, pool: PostgresPool, rootKeyID: String, logger: Logger) {
        let appender = Appender(log: log, pool: pool, rootKeyID: rootKeyID, logger: logger)
        batcher = Batcher(
            batchMax: StoreLimits.batchCommandsMax,
            queueMax: StoreLimits.queuedCommandsMax,
            workerCount: StoreLimits.batchesInFlightMax
        ) { [outcomes] commands in
            let ticket = outcomes.begin()
            let answers = await appender.append(commands)
            outcomes.end(ticket, answers)
            return answers
        }
    }

    func append(_ command: AppendCommand) async throws(StoreError) -> AppendVerdict {
        try await batcher.submit(command, key: command.batchKey)
    }

    func run() async { await batcher.run() }

    func close() { batcher.close() }
}

/// Sends batches and settles the ones whose answer was lost.
private struct Appender: Sendable {
    let log: Log
    let pool: PostgresPool
    let rootKeyID: String
    let logger: Logger
    let batchSize = Recorder(label: "ledger_append_batch_commands")

    func append(_ commands: [AppendCommand]) async -> [Result<AppendVerdict, StoreError>] {
        batchSize.record(commands.count)
        do {
            return try await send(commands).map { .success($0) }
        } catch {
            return await handle(error, of: commands)
        }
    }

    private func send(_ commands: [AppendCommand]) async throws(PostgresError) -> [AppendVerdict] {
        let append = AppendStatement(commands, logID: log.id, rootKeyID: rootKeyID)
        let verdicts = try await pool.query(append.statement) { result throws(PostgresError) in
            try AppendStatement.verdicts(result)
        }
        let known = verdicts.compactMap { $0 }
        precondition(known.count == commands.count, "append_events answers every command.")
        return known
    }

    private func handle(
        _ error: PostgresError,
        of commands: [AppendCommand]
    ) async -> [Result<AppendVerdict, StoreError>] {
        switch error.code {
        case .server(let state) where commands.count > 1 && !StoreError(state: state).isPassing:
            // Two commands of the batch claim the same thing, or one of them is impossible: one at
            // a time each gets its own verdict.
            var results: [Result<AppendVerdict, StoreError>] = []
            for command in commands { results += await append([command]) }
            return results
        case .server(.uniqueViolation):
            return [.success(.conflict)]
        case .outcomeUnknown:
            logger.warning("append outcome unknown", metadata: ["commands": "\(commands.count)"])
            return await settle(commands)
        default:
            logger.error("append failed", metadata: ["error": "\(error)"])
            return commands.map { _ in .failure(StoreError(error)) }
        }
    }

    /// Asks on a fresh connection which of the commands are in the log.
    ///
    /// Never sends them again.
    private func settle(
        _ commands: [AppendCommand]
    ) async -> [Result<AppendVerdict, StoreError>] {
        let ids = commands.compactMap { $0.events.first?.record.id.value }
        for attempt in 0..<StoreLimits.settleTriesMax {
            if attempt > 0 { try? await Task.sleep(for: StoreLimits.settlePause) }
            guard let settled = try? await settled(ids) else { continue }
            return commands.map { command in
                guard let first = command.events.first,
                    let stored = settled[first.record.id.value]
                else { return .failure(.unavailable) }
                // An id may be derived, and another worker may have used it: only the same bytes
                // are our own.
                return .success(
                    stored.record == first.bytes
                        ? .appended(position: stored.position)
                        : .repeated(position: stored.position)
                )
            }
        }
        logger.error("append outcome not settled", metadata: ["commands": "\(commands.count)"])
        return commands.map { _ in .failure(.outcomeUnknown) }
    }

    private struct Settled: Sendable {
        let position: Int64
        let record: [UInt8]
    }

    private func settled(_ ids: [UInt128]) async throws(PostgresError) -> [UInt128: Settled] {
        let settled = try await pool.rows(
            Statement(
                "settle_events",
                """
                select settled_id, settled_position, settled_record
                from ledger.settle_events($1, $2)
                """,
                .int4(log.id),
                .uuidArray(ids)
            )
        ) { result, row throws(PostgresError) in
            (
                try result.uuid(row, 0),
                Settled(position: try result.int8(row, 1), record: try result.bytes(row, 2))
            )
        }
        return Dictionary(uniqueKeysWithValues: settled)
    }
}
