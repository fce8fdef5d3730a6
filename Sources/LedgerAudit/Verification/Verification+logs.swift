internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres
internal import Vault

// Which logs and apps there are, and which checkpoints of them are known.
extension Verification {
    static func logs(
        _ readers: [PostgresConnection],
        _ deployment: VerificationDeployment,
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
                logs: deployment.logs,
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

    /// Which logs there are, in this database or in others.
    static func deployment(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> VerificationDeployment {
        let rows = try await connection.rows(
            Statement(
                "verify_deployment",
                "select log_id, pairs, closed_pairs, closed_at from ledger.log"
            )
        ) { result, row throws(PostgresError) in
            VerificationDeployment.Row(
                logID: try result.int4(row, 0),
                pairs: Int(try result.int4(row, 1)),
                closedPairs: Int(try result.int4(row, 2)),
                closedAt: try result.int8OrNil(row, 3)
            )
        }
        return VerificationDeployment(rows)
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
        // The column's own type: where a log's rows are is told by it.
        var from = Int32.min
        while true {
            let next = try await connection.firstRow(
                Statement(
                    "verify_next_log",
                    """
                    select log_id, position from ledger.event where log_id >= $1
                    order by log_id, position limit 1
                    """,
                    .int4(from)
                )
            ) { result, row throws(PostgresError) -> (logID: Int32, position: Int64) in
                (try result.int4(row, 0), try result.int8(row, 1))
            }
            guard let next else { return }
            if !known.contains(next.logID) {
                report.add(next.logID, next.position, .logUnknown)
            }
            guard next.logID < .max else { return }
            from = next.logID + 1
        }
    }
}
