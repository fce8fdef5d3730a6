internal import Ledger
internal import LedgerStore
internal import MerkleLog
package import Postgres
internal import Synchronization
internal import Vault

/// Recomputes everything: columns against records, positions without holes, the Merkle tree against
/// every checkpoint and tile, the fold against every projection row, the vault against the log.
///
/// It runs beside a live service: what never changes is read page by page, and what changes is
/// looked at again within one short snapshot before it is called wrong.
package enum Verification {
    /// How many connections read side by side, here and in a rebuild: one per core of the reference machine.
    static let readersMax = 2

    /// Runs all checks that the plan has the means for.
    ///
    /// Throws `PostgresError` when the database cannot be read, `VaultError` when the root key is
    /// another one, and `VerificationFailure` when there is nothing to go on from.
    package static func run(
        _ configuration: PostgresConfiguration,
        plan: VerificationPlan = VerificationPlan(),
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        var readers: [PostgresConnection] = []
        for _ in 0..<readersMax {
            readers.append(try await PostgresConnection.connect(configuration.withLongLimits))
        }
        var report = VerificationReport()
        var vault: Vault?
        if let rootKeys = plan.rootKeys {
            vault = try await VerificationKeys(rootKeys: rootKeys, logID: Log.facts.id)
                .vault(readers[0], &report)
        }
        report.merge(
            try await run(
                on: readers,
                isInTransaction: false,
                vault: vault,
                plan: plan,
                progress: progress
            )
        )
        for reader in readers { await reader.close() }
        return report
    }

    /// The same on connections that are open, perhaps within a transaction.
    static func run(
        on readers: [PostgresConnection],
        isInTransaction: Bool,
        vault: Vault?,
        plan: VerificationPlan,
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        let administration = VerificationAdministration(
            macs: plan.checks.contains(.macs) ? vault : nil,
            vault: plan.checks.contains(.vault) ? vault : nil
        )
        let logs = try await logs(readers, vault, plan, administration, &report)
        let total = logs.reduce(0) { $0 + $1.log.size }
        var done: Int64 = 0
        for (log, verdict) in logs {
            let before = done
            report.merge(
                try await log.run(verdict) { position in
                    progress(
                        VerificationProgress(
                            phase: .records,
                            done: before + position,
                            total: total
                        )
                    )
                }
            )
            done += log.size
        }
        let maps = try await maps(logs, readers[0], plan)
        let users = readers.map { reader in
            VerificationUsers(
                connection: reader,
                checks: plan.checks,
                macs: plan.checks.contains(.macs) ? vault : nil,
                vault: plan.checks.contains(.vault)
                    ? vault.map { VerificationVault(vault: $0, logs: logs.map(\.log.logID).logs) }
                    : nil,
                maps: maps,
                isInTransaction: isInTransaction
            )
        }
        // Where the events are not whole, nobody can say what they made.
        if plan.checks.contains(.administration), !logs.contains(where: { $0.log.since > 0 }),
            // Records that the service did not write have made nothing, whole or not.
            !report.findings.contains(where: { $0.position != nil && $0.kind != .recordForged })
        {
            try await administration.check(
                logs.map(\.log.logID).factLogs,
                readers[0],
                from: logs.first { $0.log.logID == Log.facts.id }?.log.size ?? 0,
                isInTransaction: isInTransaction,
                &report
            )
        }
        report.merge(try await check(users, logs.map(\.log), plan, progress))
        for map in maps {
            if map.isAsStated {
                report.mappedSize = (report.mappedSize ?? 0) + map.end
            } else {
                report.add(map.facts.map.id, map.position, .mapDiffers(size: map.end))
            }
        }
        return report
    }

    /// The maps of what is current, to be made anew: where everybody is folded.
    private static func maps(
        _ logs: [(log: VerificationLog, verdict: LogVerdict)],
        _ reader: PostgresConnection,
        _ plan: VerificationPlan
    ) async throws(PostgresError) -> [VerificationMap] {
        guard plan.checks.contains(.projection), !plan.since.values.contains(where: { $0 > 0 })
        else { return [] }
        var maps: [VerificationMap] = []
        for (found, _) in logs {
            guard let log = Log(id: found.logID), log.kind == .map,
                let map = try await VerificationMap.read(
                    log,
                    before: found.size,
                    clientIDs: found.apps,
                    reader
                )
            else { continue }
            maps.append(map)
        }
        return maps
    }

    private static func check(
        _ users: [VerificationUsers],
        _ logs: [VerificationLog],
        _ plan: VerificationPlan,
        _ progress: @escaping @Sendable (VerificationProgress) -> Void
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        let total = try await SubjectSlices.rows(users[0].connection)
        let counter = Counter()
        let advance: @Sendable (Int64) -> Void = { count in
            progress(
                VerificationProgress(phase: .users, done: counter.add(count), total: total)
            )
        }
        if plan.since.values.contains(where: { $0 > 0 }) {
            for log in logs {
                report.merge(
                    try await users[0].run(
                        logID: log.logID,
                        since: plan.since[log.logID] ?? 0,
                        below: log.size,
                        progress: advance
                    )
                )
            }
            return report
        }
        let slices = try await SubjectSlices.read(users[0].connection, rows: total)
        let collected = CollectedReport()
        try await fold(slices, users, into: collected, progress: advance)
        report.merge(collected.report)
        if plan.checks.contains(.projection),
            try await SubjectSlices.rows(users[0].connection) != report.users
        {
            try await users[0].checkOrphans(&report)
        }
        if let vault = users[0].vault {
            report.values = report.values ?? 0
            try await vault.checkApps(users[0].connection, &report)
            try await vault.checkOrphans(users[0].connection, &report)
            try await vault.checkDrops(logs.map(\.logID).factLogs, users[0].connection, &report)
            if try await vault.countLookups(users[0].connection) != report.lookups {
                try await vault.checkLookups(users[0].connection, &report)
            }
            try await vault.checkReservations(users[0].connection, &report)
        }
        return report
    }

    /// Has the workers fold one range of subjects after the other.
    private static func fold(
        _ slices: [ClosedRange<UInt128>],
        _ workers: [VerificationUsers],
        into collected: CollectedReport,
        progress: @escaping @Sendable (Int64) -> Void
    ) async throws {
        var waiting = slices[...]
        try await withThrowingTaskGroup(of: Int.self) { group in
            func start(_ index: Int) {
                guard let slice = waiting.popFirst() else { return }
                let worker = workers[index]
                group.addTask {
                    try await worker.run(slice, into: collected, progress: progress)
                    return index
                }
            }
            for index in workers.indices { start(index) }
            while let index = try await group.next() { start(index) }
        }
    }

    // MARK: What there is

    private static func logs(
        _ readers: [PostgresConnection],
        _ vault: Vault?,
        _ plan: VerificationPlan,
        _ administration: VerificationAdministration,
        _ report: inout VerificationReport
    ) async throws -> [(log: VerificationLog, verdict: LogVerdict)] {
        // Checkpoints first: read after the head, one might be newer than the head that was read.
        let checkpoints = try await lastCheckpoints(vault, plan, readers[0])
        let sizes = try await numbers(
            Statement("verify_sizes", "select log_id, size from ledger.log"),
            readers[0]
        )
        // Apps last: whatever app an event below these sizes is of, it is there.
        let apps = try await apps(readers[0])
        try await checkForeignRows(Set(sizes.keys), readers[0], plan, &report)
        for logID in plan.since.keys where sizes[logID] == nil {
            throw VerificationFailure.noLog(logID)
        }
        var logs: [(log: VerificationLog, verdict: LogVerdict)] = []
        for (logID, size) in sizes.sorted(by: { $0.key < $1.key }) {
            let judge = judge(logID, vault, plan)
            let log = VerificationLog(
                logID: logID,
                logs: sizes.keys.logs,
                plan: plan,
                judge: judge,
                vault: vault,
                apps: apps,
                size: size,
                checkpointSize: checkpoints[logID],
                kept: try kept(judge, plan, &report),
                factsOrigin: self.judge(Log(id: logID)?.facts.id ?? logID, vault, plan).key?.name,
                readers: readers,
                administration: administration
            )
            let verdict = LogVerdict(
                logID: logID,
                size: size,
                since: plan.since[logID] ?? 0,
                key: judge.key.map(\.description),
                keySource: plan.pinnedKey(logID: logID) != nil
                    ? .pinned : judge.key != nil ? .deployment : .none
            )
            logs.append((log, verdict))
        }
        return logs
    }

    private static func judge(
        _ logID: Int32,
        _ vault: Vault?,
        _ plan: VerificationPlan
    ) -> CheckpointJudge {
        let key = plan.pinnedKey(logID: logID) ?? vault?.checkpointSigner(logID: logID).key
        return CheckpointJudge(logID: logID, key: key)
    }

    private static func lastCheckpoints(
        _ vault: Vault?,
        _ plan: VerificationPlan,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> [Int32: Int64] {
        let logs = try await numbers(
            Statement(
                "verify_logs",
                "select log_id, max(size) from ledger.checkpoint group by log_id"
            ),
            reader
        )
        var sizes: [Int32: Int64] = [:]
        for (logID, size) in logs {
            sizes[logID] = try await judge(logID, vault, plan).last(upTo: size, reader)
        }
        return sizes
    }

    /// The checkpoints that were kept outside of the database.
    private static func kept(
        _ judge: CheckpointJudge,
        _ plan: VerificationPlan,
        _ report: inout VerificationReport
    ) throws -> [SoundCheckpoint] {
        guard plan.checks.contains(.checkpoints) else { return [] }
        let folder = plan.checkpointFolder.map { CheckpointFolder(path: $0) }
        let notes =
            try plan.keptCheckpoints[judge.logID]
            ?? folder?.read(logID: judge.logID).map { [$0] } ?? []
        var sound: [SoundCheckpoint] = []
        for note in notes {
            switch read(note, judge) {
            case .success(let checkpoint): sound.append(checkpoint)
            case .failure(let error):
                report.add(judge.logID, nil, .keptCheckpointUnsound(error))
            }
        }
        return sound
    }

    private static func read(
        _ note: SignedNote,
        _ judge: CheckpointJudge
    ) -> Result<SoundCheckpoint, NoteError> {
        Result { () throws(NoteError) in
            let checkpoint: Checkpoint
            if let key = judge.key {
                checkpoint = try Checkpoint(verifying: note, origin: key.name, keys: [key])
            } else {
                checkpoint = try Checkpoint(note.text)
            }
            return SoundCheckpoint(
                size: Int64(checkpoint.size),
                root: checkpoint.root,
                source: .folder
            )
        }
    }

    private static func numbers(
        _ statement: Statement,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Int32: Int64] {
        let numbers = try await connection.rows(statement) { result, row throws(PostgresError) in
            (try result.int4(row, 0), try result.int8(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: numbers)
    }

    /// The `clientId` of every app.
    static func apps(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: String] {
        let apps = try await connection.rows(
            Statement("verify_apps", "select app_id, client_id from ledger.app")
        ) { result, row throws(PostgresError) in
            (try result.uuid(row, 0), try result.text(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: apps)
    }

    /// Rows of logs that there are not.
    private static func checkForeignRows(
        _ known: Set<Int32>,
        _ connection: PostgresConnection,
        _ plan: VerificationPlan,
        _ report: inout VerificationReport
    ) async throws {
        guard plan.checks.contains(.positions) else { return }
        var after: Int64 = Int64(Int32.min) - 1
        while true {
            let next = try await connection.firstRow(
                Statement(
                    "verify_next_log",
                    """
                    select log_id, position from ledger.event where log_id > $1
                    order by log_id, position limit 1
                    """,
                    .int8(after)
                )
            ) { result, row throws(PostgresError) -> (logID: Int32, position: Int64) in
                (try result.int4(row, 0), try result.int8(row, 1))
            }
            guard let next else { return }
            if !known.contains(next.logID) {
                report.add(next.logID, next.position, .logUnknown)
            }
            after = Int64(next.logID)
        }
    }
}

/// Counts what several workers have done.
private final class Counter: Sendable {
    private let value = Mutex<Int64>(0)

    func add(_ count: Int64) -> Int64 {
        value.withLock { value in
            value += count
            return value
        }
    }
}
