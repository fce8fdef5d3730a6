package import Ledger
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Vault

/// A look at one log's newest checkpoint, which takes a handful of reads and changes nothing.
///
/// `verify` recomputes everything; this compares the newest checkpoint with the tiles, with the
/// checkpoint folder and with the clock.
package struct CheckpointExamination: Sendable {
    /// What does not fit.
    package enum Flaw: Sendable, Equatable {
        /// What keeps an integrator from signing anything more.
        case alarm(IntegrationAlarm)
        /// A checkpoint of this size is stored that our key has not signed; it is passed over.
        case unsound(size: Int64)
        /// So many records are not covered, the first of them for so long.
        case late(records: Int64, seconds: Int64)
        /// The checkpoint folder cannot be read.
        case folderUnreadable
        /// The checkpoint folder has not been written for long: it holds a smaller checkpoint, or none.
        case folderBehind(kept: Int64?, published: Int64)
    }

    package let log: Log
    /// How many records the log has.
    package let size: Int64
    /// The newest sound checkpoint.
    package let newest: PublishedCheckpoint?
    /// How old it is, by the database's clock.
    package let ageSeconds: Int64?
    package let flaws: [Flaw]
}

/// The root that the first `size` records of a log are said to have.
private struct ToldRoot {
    let root: MerkleHash
    let size: Int64
    /// Of how many records the tree is that is there.
    let tree: Int64
    let log: Log
    let source: String
}

extension LedgerStore {
    /// Looks at the checkpoints of a log, and at what the folder outside the database has of them.
    package func examineCheckpoints(
        of log: Log,
        folder: String?
    ) async throws(StoreError) -> CheckpointExamination {
        // The folder is written after the database, and the log grows before its checkpoint: read in
        // this order, none of them may be behind the one before.
        let kept = Result {
            try folder.flatMap { try CheckpointFolder(path: $0).read(logID: log.id) }
        }
        let stored = try await lastStoredCheckpoint(log: log)?.size
        let newest = try await latestCheckpoint(log: log)
        let size = try await size(log: log)
        var flaws: [CheckpointExamination.Flaw] = []
        if let stored, stored > newest?.size ?? -1 { flaws.append(.unsound(size: stored)) }
        var age: Int64?
        if let newest {
            age = try await ageSeconds(of: newest, log)
            flaws += try await compare(newest, size: size, log)
        }
        flaws += try await uncovered(from: newest?.size ?? 0, to: size, log)
        if folder != nil {
            flaws += try await compare(kept, newest, size: size, ageSeconds: age ?? 0, log)
        }
        return CheckpointExamination(
            log: log,
            size: size,
            newest: newest,
            ageSeconds: age,
            flaws: flaws
        )
    }

    /// A checkpoint against the log's size and the stored tiles.
    private func compare(
        _ checkpoint: PublishedCheckpoint,
        size: Int64,
        _ log: Log
    ) async throws(StoreError) -> [CheckpointExamination.Flaw] {
        let source = "the last checkpoint"
        guard checkpoint.size <= size else {
            return [.alarm(.behind(size: size, checkpoint: checkpoint.size, source: source))]
        }
        return try await flaws(
            of: ToldRoot(
                root: checkpoint.root,
                size: checkpoint.size,
                tree: checkpoint.size,
                log: log,
                source: source
            )
        )
    }

    /// What is wrong where the tiles do not give a root that was told; nothing or one.
    // As arguments of their own, and with an alarm or none for an answer, this ended in a heap that was
    // overwritten: an optimized build of Swift 6.3.1 does not give back wide optionals as it should.
    private func flaws(
        of told: ToldRoot
    ) async throws(StoreError) -> [CheckpointExamination.Flaw] {
        var reader = TreeReader(self, size: told.tree, log: told.log)
        do throws(StoreError) {
            let found = try await reader.root(of: told.size)
            return found == told.root
                ? [] : [.alarm(.differentRoot(size: told.size, source: told.source))]
        } catch {
            guard case .damaged(.tile) = error else { throw error }
            return [.alarm(.damagedTiles(size: told.size))]
        }
    }

    /// What the folder has, against the newest checkpoint.
    private func compare(
        _ kept: Result<SignedNote?, any Error>,
        _ newest: PublishedCheckpoint?,
        size: Int64,
        ageSeconds: Int64,
        _ log: Log
    ) async throws(StoreError) -> [CheckpointExamination.Flaw] {
        let source = "the checkpoint folder"
        let checkpoint: Checkpoint?
        switch kept {
        case .failure(is CheckpointFolderError):
            return [.alarm(.foreignCheckpoint(source: source))]
        case .failure: return [.folderUnreadable]
        case .success(let note):
            let own = note.map { try? vault.ownCheckpoint($0, logID: log.id) }
            if case .some(nil) = own { return [.alarm(.foreignCheckpoint(source: source))] }
            checkpoint = own ?? nil
        }
        let keptSize = checkpoint.map { Int64($0.size) }
        if let checkpoint, let keptSize {
            guard keptSize <= size else {
                return [.alarm(.behind(size: size, checkpoint: keptSize, source: source))]
            }
            guard let newest, keptSize <= newest.size else {
                return [.alarm(.lostCheckpoint(size: keptSize))]
            }
            let flaws = try await flaws(
                of: ToldRoot(
                    root: checkpoint.root,
                    size: keptSize,
                    tree: newest.size,
                    log: log,
                    source: source
                )
            )
            if !flaws.isEmpty { return flaws }
        }
        guard let newest, newest.size > keptSize ?? -1, ageSeconds > Self.lateSeconds else {
            return []
        }
        return [.folderBehind(kept: keptSize, published: newest.size)]
    }

    /// Of which logs no statement of the maps has told for long of facts that are there.
    package func examineMaps() async throws(StoreError) -> [ReadinessCondition] {
        var late: [ReadinessCondition] = []
        for log in logs.list(.facts) {
            let stated = try await lastStatement(log: log.map)?.statement
            let covered = Int64(stated?.facts.size ?? 0)
            let flaws = try await uncovered(from: covered, to: try await size(log: log), log)
            guard case .late(let positions, let seconds)? = flaws.first else { continue }
            late.append(
                .mapBehind(
                    log,
                    positions: positions,
                    seconds: seconds,
                    why: "the last statement is of the first \(covered) facts"
                )
            )
        }
        return late
    }

    /// As long as an integrator may stand still.
    private static var lateSeconds: Int64 { Integrator.standstillMax.components.seconds }

    private func uncovered(
        from covered: Int64,
        to size: Int64,
        _ log: Log
    ) async throws(StoreError) -> [CheckpointExamination.Flaw] {
        guard covered < size else { return [] }
        let seconds = try await lookups[log].firstRow(
            Statement(
                "uncovered_since",
                """
                select extract(epoch from clock_timestamp() - recorded_at)::bigint
                from ledger.event where log_id = $1 and position = $2
                """,
                .int4(log.id),
                .int8(covered)
            )
        ) { result, row throws(PostgresError) in try result.int8(row, 0) }
        guard let seconds else { return [.alarm(.missingRecords(from: covered))] }
        guard seconds > Self.lateSeconds else { return [] }
        return [.late(records: size - covered, seconds: seconds)]
    }

    private func ageSeconds(
        of checkpoint: PublishedCheckpoint,
        _ log: Log
    ) async throws(StoreError) -> Int64? {
        try await lookups[log].firstRow(
            Statement(
                "checkpoint_age",
                """
                select extract(epoch from clock_timestamp() - published_at)::bigint
                from ledger.checkpoint where log_id = $1 and size = $2
                """,
                .int4(log.id),
                .int8(checkpoint.size)
            )
        ) { result, row throws(PostgresError) in try result.int8(row, 0) }
    }
}
