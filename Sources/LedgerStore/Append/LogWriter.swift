internal import Ledger
internal import Logging
internal import Measures
internal import Postgres
internal import Traces
internal import Vault

/// Appends to one log, many commands at a time (group commit): one batch is one statement, one
/// round trip, one fsync.
final class LogWriter: Sendable {
    private let batcher: Batcher<AppendCommand, AppendVerdict>
    /// How the appends went lately, for readiness.
    let outcomes = AppendOutcomes()
    private let watch = AppendWatch()
    private let meter = AppendMeter()
    let log: Log

    init(log: Log, database: StoreDatabase, vault: Vault, logger: Logger) {
        self.log = log
        let appender = Appender(
            log: log,
            database: database,
            vault: vault,
            settler: AppendSettler(
                log: log,
                pool: database.pool,
                vault: vault,
                meter: meter,
                logger: logger
            ),
            heldLocks: HeldLocks(pool: database.pool, logger: logger),
            watch: watch,
            meter: meter,
            logger: logger
        )
        batcher = Batcher(
            batchMax: StoreLimits.batchCommandsMax,
            queueMax: StoreLimits.queuedCommandsMax,
            queueTimeMax: database.pool.waitMax,
            workerCount: StoreLimits.batchesInFlightMax,
            furtherBatchMin: StoreLimits.furtherBatchMin
        ) { [outcomes, meter] commands in
            let begin = ContinuousClock.now
            let answers = await appender.append(commands)
            meter.batchSizes.record(commands.count)
            meter.batchTimes.record(begin.duration(to: .now))
            meter.note(answers)
            #if CRASH_POINTS
            FinalizeCommit.reach(\.durable, commands, answers)
            #endif
            outcomes.note(answers)
            return answers
        }
    }

    var health: AppendHealth { watch.health }

    var isCrowded: Bool { batcher.isCrowded() }

    /// Adds how appending goes to a page of metrics.
    func fill(_ page: inout MetricPage) {
        meter.fill(&page, log)
        let (waiting, waitingMax) = batcher.figures
        page.add(.waitingCommands, waiting, ["log": log.name])
        page.add(.waitingCommandsMax, waitingMax, ["log": log.name])
        page.add(.oldestAppend, health.oldestAppend ?? .zero, ["log": log.name])
    }

    func append(_ command: AppendCommand) async throws(StoreError) -> AppendVerdict {
        // One that must go the long way would take all others of its batch along.
        try await Trace.batched(command.isShort ? "append_single_events" : "append_events") {
            () async throws(StoreError) in
            try await batcher.submit(
                command,
                key: command.batchKey,
                company: command.isShort ? 0 : 1
            )
        }
    }

    func run() async { await batcher.run() }

    func close() { batcher.close() }
}

/// Sends batches, and has the ones settled whose answer was lost.
private struct Appender: Sendable {
    let log: Log
    let database: StoreDatabase
    let vault: Vault
    let settler: AppendSettler
    let heldLocks: HeldLocks
    let watch: AppendWatch
    let meter: AppendMeter
    let logger: Logger

    typealias Answer = Result<AppendVerdict, StoreError>

    /// Goes the short way where there is one, and with what does not fit there the long.
    func append(_ commands: [AppendCommand]) async -> [Answer] {
        let sent = watch.begin()
        defer { watch.end(sent) }
        var answers = await short(commands, sent)
        let open = answers.indices.filter { answers[$0] == nil }
        if !open.isEmpty {
            for (index, answer) in zip(open, await long(open.map { commands[$0] }, sent)) {
                answers[index] = answer
            }
        }
        let known = answers.compactMap { $0 }
        precondition(known.count == commands.count, "An append answers every command.")
        return known
    }

    /// Nil for those that must go the long way; nothing was written of them.
    private func short(
        _ commands: [AppendCommand],
        _ sent: AppendWatch.Sent
    ) async -> [Answer?] {
        let append = AppendStatement(commands, log: log, vault: vault)
        guard append.isShort else { return commands.map { _ in nil } }
        do {
            return try await send(append, commands, sent).map { $0.map { .success($0) } }
        } catch {
            if let state = error.sqlState, append.mustGoLong(state) {
                return commands.map { _ in nil }
            }
            return await handle(error, of: commands, sent)
        }
    }

    private func long(
        _ commands: [AppendCommand],
        _ sent: AppendWatch.Sent
    ) async -> [Answer] {
        let append = AppendStatement(
            commands,
            log: log,
            vault: vault,
            tellsEach: true
        )
        do {
            return try await send(append, commands, sent).compactMap { $0.map { .success($0) } }
        } catch {
            return await handle(error, of: commands, sent)
        }
    }

    private func send(
        _ append: AppendStatement,
        _ commands: [AppendCommand],
        _ sent: AppendWatch.Sent
    ) async throws(PostgresError) -> [AppendVerdict?] {
        #if CRASH_POINTS
        FinalizeCommit.reach(\.unsent, commands)
        #endif
        let verdicts = try await database.retried(append.statement) {
            result throws(PostgresError) in
            // Whatever it was that the server warned of: it is looked up what became of it.
            guard !result.isWarned else { throw PostgresError.outcomeUnknown("a warning") }
            return try append.verdicts(result)
        }
        acknowledge(verdicts, of: commands, sent)
        return verdicts
    }

    private func acknowledge(
        _ verdicts: [AppendVerdict?],
        of commands: [AppendCommand],
        _ sent: AppendWatch.Sent
    ) {
        var first = Int64.max
        var last = Int64.min
        for (verdict, command) in zip(verdicts, commands) {
            guard case .appended(let position) = verdict else { continue }
            first = min(first, position)
            last = max(last, position + Int64(command.events.count) - 1)
        }
        guard first <= last, watch.acknowledge(first...last, of: sent) else { return }
        logger.critical(
            "the database has lost acknowledged events",
            metadata: ["log": "\(log.id)", "position": "\(first)"]
        )
    }

    private func handle(
        _ error: PostgresError,
        of commands: [AppendCommand],
        _ sent: AppendWatch.Sent
    ) async -> [Answer] {
        switch error.code {
        case .server(let state)
        where commands.count > 1
            && (state == .rootKeyChanged || !StoreError(state: state).isPassing):
            // Two commands of the batch claim the same thing, or one of them is impossible: one at
            // a time each gets its own verdict.
            var answers: [Answer] = []
            for command in commands { answers += await long([command], sent) }
            return answers
        case .server(.uniqueViolation):
            return [.success(.conflict)]
        case .server(.tokenTaken):
            return [.success(.claimed(.token))]
        case .outcomeUnknown:
            logger.warning("append outcome unknown", metadata: ["commands": "\(commands.count)"])
            return await settler.settle(commands, sentIn: error.session)
        default:
            logger.error("append failed", metadata: ["error": "\(error)"])
            if error.code == .timedOut { await heldLocks.end() }
            return commands.map { _ in .failure(StoreError(error)) }
        }
    }
}

extension MetricFamily {
    fileprivate static let waitingCommands = gauge(
        "token_ledger_append_waiting_commands",
        "Commands that wait for the next append"
    )
    fileprivate static let waitingCommandsMax = gauge(
        "token_ledger_append_waiting_commands_max",
        "How many commands may wait; more are refused"
    )
    fileprivate static let oldestAppend = gauge(
        "token_ledger_append_oldest_seconds",
        "For how long the oldest append under way has had no answer"
    )
}
