internal import Ledger
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Synchronization
internal import Vault

/// Whose launches were looked at in a run, before one line.
struct SettledUsers {
    var line: Int64 = 0
    var users: Set<UInt128> = []
    /// How many of them keep launches because something of theirs does not fit.
    var withFlaws: Int64 = 0
}

// Of facts launches go of which nothing is left in their users' states, user by user: whether a state is the same
// without them is only known of all of a user's together.
extension ColdMove {
    /// Throws `ColdRefusal` where somebody still reads what is before a line one event after the other.
    func requireFollowed(_ line: Int64) async throws {
        guard log.kind == .facts else { return }
        if let position = try await store.awaitedPosition(of: log), position < line {
            throw ColdRefusal.awaited(position: position)
        }
        if let stated = try await store.lastStatement(log: log.map)?.statement.facts.size,
            Int64(stated) < line
        {
            throw ColdRefusal.notStated(line, last: Int64(stated))
        }
    }

    /// Notes of some tiles which of their records are launches, as they were signed: only they can go.
    func noteLaunches(_ positions: Range<Int64>) async throws {
        let (first, end) = (positions.lowerBound, positions.upperBound)
        for start in stride(from: first, to: end, by: Int(Self.step)) {
            let some = start..<min(end, start + Self.step)
            var bits = LaunchBits()
            for row in try await signed(some) where ColdLaunches.types.contains(row.type) {
                bits.insert(row.position)
            }
            let tiles = bits.tiles.sorted { $0.key < $1.key }
            try await connection.execute(
                Statement(
                    "note_launches",
                    """
                    insert into ledger.cold_launches (log_id, tile, bits, mac)
                    select $1, noted.tile, noted.bits, noted.mac
                    from unnest($2::bigint[], $3::bytea[], $4::bytea[]) as noted (tile, bits, mac)
                    on conflict (log_id, tile) do nothing
                    """,
                    .int4(log.id),
                    .int8Array(tiles.map(\.key)),
                    .byteaArray(tiles.map(\.value)),
                    .byteaArray(
                        tiles.map { tile, bits in
                            store.vault.mac(ofColdLaunches: bits, logID: log.id, tile: tile)
                        }
                    )
                )
            )
        }
    }

    /// How many users keep all of their launches because a row does not fit, as far as this run has looked.
    package var flawedUsers: Int64 { settled.withLock { $0.withFlaws } }

    /// What can go before the line of those users who have launches at some positions, and were not looked at yet.
    func launches(_ positions: Range<Int64>, _ history: ColdHistory) async throws -> [Int64] {
        let users = try await connection.rows(
            Statement(
                "launched_users",
                """
                select distinct subject from ledger.event
                where log_id = $1 and position >= $2 and position < $3 and type = any ($4)
                    and subject is not null
                """,
                .int4(log.id),
                .int8(positions.lowerBound),
                .int8(positions.upperBound),
                .textArray(ColdLaunches.types)
            )
        ) { result, row throws(PostgresError) in try result.uuid(row, 0) }
        let new = settled.withLock { settled in
            if settled.line != history.before { settled = SettledUsers(line: history.before) }
            return users.filter { settled.users.insert($0).inserted }
        }
        var removable: [Int64] = []
        for user in new {
            if let own = try await self.removable(of: user, history) {
                removable += own
            } else {
                settled.withLock { $0.withFlaws += 1 }
            }
        }
        return removable
    }

    /// What can go of a user, whose events are held in memory meanwhile.
    ///
    /// Nil where something does not fit: all of it is evidence.
    private func removable(of user: UInt128, _ history: ColdHistory) async throws -> [Int64]? {
        let story = try await connection.rows(
            Statement(
                "cold_story",
                """
                select position, record, mac, event_id, app_id, subject, subject_version, type,
                    recorded_at
                from ledger.event
                where log_id = $1 and subject = $2 and subject_version is not null
                order by subject_version
                """,
                .int4(log.id),
                .uuid(user)
            )
        ) { [vault = store.vault, log] result, row throws(PostgresError) in
            try StoryRow(result, row, vault, log)
        }
        guard let steps = Self.steps(story, before: history.gapsBefore) else { return nil }
        let chosen = Set(ColdLaunches.positions(in: steps, before: history.before))
        let rows = story.filter { chosen.contains($0.position) }
        let noted = try await LaunchBits.read(log.id, chosen, store.vault, connection)
        guard rows.allSatisfy({ $0.isSound && noted.contains($0.position) }) else { return nil }
        return rows.map(\.position)
    }

    /// Nil where the story has a gap that is not cold history, or a row that the service did not write.
    private static func steps(
        _ story: [StoryRow],
        before line: Int64
    ) -> [ColdLaunches.Step]? {
        var steps: [ColdLaunches.Step] = []
        var (version, position): (Int64, Int64) = (0, -1)
        for row in story {
            let missing = row.version - version - 1
            guard let record = row.record, row.position > position,
                missing == 0
                    || missing > 0
                        && ColdHistory.isGap(after: version, at: row.position, before: line)
            else { return nil }
            steps.append(
                ColdLaunches.Step(
                    position: row.position,
                    record: record,
                    coldBefore: missing
                )
            )
            (version, position) = (row.version, row.position)
        }
        return steps
    }
}

/// One of a user's events, as it stands in its row.
private final class StoryRow: Sendable {
    let position: Int64
    let version: Int64
    /// Nil where the service did not write it.
    let record: Record?
    /// Whether the columns say what the record says.
    let isSound: Bool

    init(
        _ result: borrowing PostgresResult,
        _ row: Int,
        _ vault: Vault,
        _ log: Log
    ) throws(PostgresError) {
        position = try result.int8(row, 0)
        version = try result.int8(row, 6)
        let isOurs = vault.hasWritten(result, row, from: 1, logID: log.id)
        let record = isOurs ? try? Record(decoding: try result.bytes(row, 1)) : nil
        let (type, time) = (try? result.text(row, 7), try? result.timestamptz(row, 8))
        isSound =
            record.map { "\($0.event.type)" == type && $0.time.microseconds == time } ?? false
        self.record = record
    }
}
