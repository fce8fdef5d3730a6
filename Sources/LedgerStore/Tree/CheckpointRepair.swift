package import Ledger
internal import MerkleLog
internal import Postgres
internal import Vault

/// What was wrong with the stored evidence of one log, and is in order now.
package struct CheckpointRepair: Sendable, Equatable {
    package let log: Log
    /// The sizes of checkpoints that were set aside: the deployment's key did not sign them.
    package internal(set) var checkpoints: [Int64] = []
    /// How many tiles were set aside: they are not those of the signed records.
    package internal(set) var tilesRemoved = 0
    /// How many tiles were stored anew, computed from the records.
    package internal(set) var tilesStored = 0

    package var isNeeded: Bool { !checkpoints.isEmpty || tilesRemoved > 0 || tilesStored > 0 }
}

extension LedgerStore {
    /// Sets aside what is stored of a log as evidence and is none, and stores the right tiles.
    ///
    /// What is removed stays in `ledger.removed_checkpoint` and `ledger.removed_tile`. A checkpoint
    /// that the deployment's key has signed is never touched, and nothing is changed unless the
    /// records are those that the last such one was signed over. Needs the rights of the schema's
    /// owner. Throws `IntegrationAlarm` when the records are others.
    package func repairCheckpoints(
        of log: Log,
        owner: DatabaseMap
    ) async throws -> CheckpointRepair {
        var repair = CheckpointRepair(log: log)
        let connection = try await PostgresConnection.connect(owner[log].withLongLimits)
        do {
            try await connection.script("begin")
            // Nothing is published meanwhile.
            try await connection.execute(
                Statement(
                    "repair_lock",
                    "select from ledger.publisher where log_id = $1 for update",
                    .int4(log.id)
                )
            )
            let last = try await setAsideCheckpoints(of: log, connection, &repair)
            try await mendTiles(of: log, upTo: last, connection, &repair)
            try await connection.script("commit")
        } catch {
            // Its transaction goes with it.
            await connection.close()
            throw error
        }
        await connection.close()
        treeCache.checkpoints.forget(log)
        return repair
    }

    /// Gives the last sound one.
    private func setAsideCheckpoints(
        of log: Log,
        _ connection: PostgresConnection,
        _ repair: inout CheckpointRepair
    ) async throws -> PublishedCheckpoint? {
        var last: PublishedCheckpoint?
        var after: Int64 = -1
        while true {
            let page = try await connection.rows(Self.checkpointPage(log, after: after)) {
                result,
                row throws(PostgresError) in
                (
                    size: try result.int8(row, 0), root: MerkleHash(try result.bytes(row, 1)),
                    note: try result.text(row, 2)
                )
            }
            guard let end = page.last else { break }
            for row in page {
                let sound = row.root.map {
                    PublishedCheckpoint(size: row.size, root: $0, note: row.note)
                }
                if let sound, vault.isSound(sound, logID: log.id) {
                    last = sound
                } else {
                    repair.checkpoints.append(row.size)
                }
            }
            after = end.size
        }
        guard !repair.checkpoints.isEmpty else { return last }
        // That is another key, or another database: nothing would be left of the evidence.
        guard last != nil || repair.checkpoints.count < 2 else {
            throw IntegrationAlarm.foreignCheckpoint(source: "each stored checkpoint")
        }
        try await connection.execute(
            Statement(
                "set_aside_checkpoints",
                """
                insert into ledger.removed_checkpoint (log_id, size, root, note, published_at)
                select log_id, size, root, note, published_at from ledger.checkpoint
                where log_id = $1 and size = any ($2)
                """,
                .int4(log.id),
                .int8Array(repair.checkpoints)
            )
        )
        try await connection.execute(
            Statement(
                "remove_checkpoints",
                "delete from ledger.checkpoint where log_id = $1 and size = any ($2)",
                .int4(log.id),
                .int8Array(repair.checkpoints)
            )
        )
        return last
    }

    private static func checkpointPage(_ log: Log, after size: Int64) -> Statement {
        Statement(
            "repair_checkpoints",
            """
            select size, root, note from ledger.checkpoint
            where log_id = $1 and size > $2 order by size limit 1000
            """,
            .int4(log.id),
            .int8(size)
        )
    }
}
