internal import Ledger
package import MerkleLog
internal import Postgres
internal import Vault

/// A checkpoint that somebody outside of the database has.
package final class OutsideCheckpoint: Sendable {
    package let size: Int64
    package let root: MerkleHash
    /// For people, such as "the checkpoint folder's checkpoint".
    package let source: String

    package init(size: Int64, root: MerkleHash, source: String) {
        self.size = size
        self.root = root
        self.source = source
    }
}

/// What is about to be cold.
package final class ColdPlan: Sendable {
    package let positions: Range<Int64>
    package let bundle: ColdBundle
    /// The checkpoint outside that covers it.
    package let outside: OutsideCheckpoint
    /// Whether a run that was stopped has noted it already.
    package let isNoted: Bool

    init(
        _ positions: Range<Int64>,
        _ bundle: ColdBundle,
        _ outside: OutsideCheckpoint,
        isNoted: Bool
    ) {
        self.positions = positions
        self.bundle = bundle
        self.outside = outside
        self.isNoted = isNoted
    }
}

extension ColdMove {
    /// Rows that are looked at in one transaction.
    static let step: Int64 = 8 * Int64(TileAddress.fullWidth)
    /// For so many seconds a commit is certainly not asked for any more (`StoreLimits.settleTimeMax`), nor a page read.
    private static let accessAgeSecondsMin: Int64 = 60
    /// And for so many, a month, popups may be left open whose finish is then on record, as one that was refused.
    private static let factAgeSecondsMin: Int64 = 30 * 86_400

    /// Checks whether the records before a position can be cold: nil for as many as the bundle has.
    ///
    /// `outside` are the checkpoints that stand outside of the database. Whether the bundle's records are the
    /// signed ones, `compare` tells. Throws `ColdRefusal`; tests give `ageSecondsMin`.
    package func plan(
        before line: Int64?,
        _ bundle: ColdBundle,
        _ outside: [OutsideCheckpoint],
        ageSecondsMin: Int64? = nil
    ) async throws -> ColdPlan {
        let history = try await history()
        let width = Int64(TileAddress.fullWidth)
        guard let latest = try await store.latestCheckpoint(log: log) else {
            throw ColdRefusal.notCovered(line ?? width, largest: nil)
        }
        // The last record stays, by which whoever follows knows the log.
        let last = (latest.size - 1) / width * width
        let end = line ?? min(last, bundle.positions.upperBound / width * width)
        let noted = history.cold.first {
            $0.manifest == bundle.manifest && $0.positions.upperBound == end
        }
        let start = noted?.positions.lowerBound ?? history.before
        guard end.isMultiple(of: width), start < end, end <= last else {
            throw ColdRefusal.noSuchLine(end, from: start, to: last)
        }
        guard bundle.positions.lowerBound <= start, end <= bundle.positions.upperBound else {
            throw ColdRefusal.notInBundle(start..<end)
        }
        let covering = try await covering(end, outside, bundle, upTo: latest.size)
        if noted == nil {
            let age =
                ageSecondsMin
                ?? (log.kind == .facts ? Self.factAgeSecondsMin : Self.accessAgeSecondsMin)
            guard try await isOld(end - 1, seconds: age) else {
                throw ColdRefusal.tooYoung(position: end - 1)
            }
            try await requireFollowed(end)
        }
        return ColdPlan(start..<end, bundle, covering, isNoted: noted != nil)
    }

    /// Notes that the records of a plan are cold; from then on they count as such, and may go.
    package func note(_ plan: ColdPlan) async throws {
        guard !plan.isNoted else { return }
        if log.kind == .facts { try await noteLaunches(plan.positions) }
        try await begin()
        // While the records were compared somebody may have asked for some of them.
        try await requireFollowed(plan.positions.upperBound)
        let history = try await history()
        guard history.before == plan.positions.lowerBound else {
            throw ColdRefusal.changedMeanwhile
        }
        try await connection.execute(
            Statement(
                "note_cold",
                """
                insert into ledger.cold (log_id, number, first_position, before_position, export_id,
                    manifest_hash, checkpoint_size, checkpoint_root)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                .int4(log.id),
                .int4((history.stretches.last?.number ?? 0) + 1),
                .int8(plan.positions.lowerBound),
                .int8(plan.positions.upperBound),
                .uuid(plan.bundle.export.value),
                .bytea(plan.bundle.manifest.bytes),
                .int8(plan.outside.size),
                .bytea(plan.outside.root.bytes)
            )
        )
        try await commit()
    }

    /// Where the rows of cold records begin that are still there: of a run that was stopped, this one's or another.
    package func firstRow() async throws -> Int64 {
        let first = try await connection.query(
            Statement(
                "first_row",
                "select coalesce(min(position), 0) from ledger.event where log_id = $1",
                .int4(log.id)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        return max(0, first)
    }

    /// Removes the next rows of a plan that was noted, from a position on; gives the position to go on from.
    ///
    /// Of facts those of users to whom a launch there belongs, wherever they stand before the line.
    /// A row that is not the signed record, or that the service did not write as it stands there, stays: it is
    /// evidence, and in no bundle.
    package func remove(_ plan: ColdPlan, from position: Int64) async throws -> Int64 {
        let positions = position..<min(plan.positions.upperBound, position + Self.step)
        let history = try await history()
        guard history.before >= positions.upperBound else { throw ColdRefusal.changedMeanwhile }
        let removable =
            log.kind == .facts
            ? try await launches(positions, history) : try await signed(positions).map(\.position)
        try await begin()
        guard try await self.history() == history else { throw ColdRefusal.changedMeanwhile }
        try await connection.execute(
            Statement(
                "remove_cold",
                "delete from ledger.event where log_id = $1 and position = any ($2)",
                .int4(log.id),
                .int8Array(removable)
            )
        )
        try await commit()
        return positions.upperBound
    }

    /// Those of some rows that are the signed records, and that the service wrote as they stand there.
    func signed(_ positions: Range<Int64>) async throws -> [(position: Int64, type: String)] {
        let leaves = try await leaves(positions)
        let rows = try await connection.rows(rows(positions)) {
            [vault = store.vault, log]
            result,
            row throws(PostgresError) -> (position: Int64, type: String)? in
            let position = try result.int8(row, 0)
            let record = try result.bytes(row, 1)
            let index = Int(position - positions.lowerBound)
            guard index < leaves.count, MerkleHash(leaf: record) == leaves[index],
                vault.hasWritten(result, row, from: 1, logID: log.id),
                let read = try? Record(decoding: record),
                "\(read.event.type)" == (try? result.text(row, 7)),
                read.time.microseconds == (try? result.timestamptz(row, 8))
            else { return nil }
            return (position, "\(read.event.type)")
        }
        return rows.compactMap { $0 }
    }

    private func rows(_ positions: Range<Int64>) -> Statement {
        Statement(
            "removable_rows",
            """
            select position, record, mac, event_id, app_id, subject, subject_version, type, recorded_at
            from ledger.event where log_id = $1 and position >= $2 and position < $3
            """,
            .int4(log.id),
            .int8(positions.lowerBound),
            .int8(positions.upperBound)
        )
    }

    /// The largest checkpoint outside that covers the records; all of them must be of this history, and so must
    /// the bundle's.
    private func covering(
        _ line: Int64,
        _ outside: [OutsideCheckpoint],
        _ bundle: ColdBundle,
        upTo size: Int64
    ) async throws -> OutsideCheckpoint {
        let own = OutsideCheckpoint(
            size: bundle.tree.size,
            root: bundle.tree.root,
            source: "the bundle's checkpoint"
        )
        var tree = TreeReader(store, size: size, log: log)
        for checkpoint in outside + [own] {
            guard checkpoint.size <= size,
                try await tree.root(of: checkpoint.size) == checkpoint.root
            else {
                throw ColdRefusal.otherHistory(size: checkpoint.size, source: checkpoint.source)
            }
        }
        let largest = outside.max { $0.size < $1.size }
        guard let largest, largest.size >= line else {
            throw ColdRefusal.notCovered(line, largest: largest?.size)
        }
        return largest
    }

    private func isOld(_ position: Int64, seconds: Int64) async throws(PostgresError) -> Bool {
        let isOld = try await connection.firstRow(
            Statement(
                "is_old",
                """
                select recorded_at <= clock_timestamp() - make_interval(secs => $3)
                from ledger.event where log_id = $1 and position = $2
                """,
                .int4(log.id),
                .int8(position),
                .int8(seconds)
            )
        ) { result, row throws(PostgresError) in try result.bool(row, 0) }
        return isOld ?? false
    }
}
