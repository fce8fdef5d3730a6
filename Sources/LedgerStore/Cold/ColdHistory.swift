package import Ledger
package import MerkleLog
package import Postgres

/// A stretch of a log that was moved out of the database, into a bundle
/// (docs/decisions/0072-cold-history.md).
package final class ColdStretch: Sendable, Equatable {
    /// Counts the stretches of a log from 1, also those that were put back.
    let number: Int32
    package let positions: Range<Int64>
    /// The export that made the bundle.
    package let export: Identifier
    /// The SHA-256 of the bundle's manifest.
    package let manifest: MerkleHash
    /// How many records the checkpoint had that stood outside of the database, and covered it.
    package let checkpointSize: Int64
    package let detachedAt: Timestamp
    /// The role of the database that did it.
    package let detachedBy: String
    /// Since when its records are in the database again; nil while it is cold.
    package let attachedAt: Timestamp?

    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        number = try result.int4(row, 0)
        let (first, end) = (try result.int8(row, 1), try result.int8(row, 2))
        guard first < end, let manifest = MerkleHash(try result.bytes(row, 4))
        else { throw PostgresError.decodingFailed("row \(row) is no stretch of a log") }
        positions = first..<end
        export = Identifier(value: try result.uuid(row, 3))
        self.manifest = manifest
        checkpointSize = try result.int8(row, 5)
        detachedAt = Timestamp(microseconds: try result.timestamptz(row, 6))
        detachedBy = try result.text(row, 7)
        attachedAt = try result.timestamptzOrNil(row, 8).map { Timestamp(microseconds: $0) }
    }

    package static func == (left: ColdStretch, right: ColdStretch) -> Bool {
        left.number == right.number && left.attachedAt == right.attachedAt
    }
}

/// What was moved out of a log, in the order in which it was.
package final class ColdHistory: Sendable, Equatable {
    /// Also those that were put back.
    package let stretches: [ColdStretch]

    package init(_ stretches: [ColdStretch]) {
        self.stretches = stretches
    }

    /// What is not in the database now: one stretch follows the other, from position 0 on.
    package var cold: [ColdStretch] { stretches.filter { $0.attachedAt == nil } }

    /// The position before which records are cold; 0 where none are.
    package var before: Int64 { cold.last?.positions.upperBound ?? 0 }

    /// The position before which the events of a user of a log of facts may have gaps; 0 where nothing is cold.
    ///
    /// When a later stretch is moved out, launches before it go with it that were still needed at the earlier line, and
    /// only their own stretch brings them back.
    package var gapsBefore: Int64 {
        cold.isEmpty ? 0 : stretches.map(\.positions.upperBound).max() ?? 0
    }

    /// Whether what is missing between a user's version and the next event that the service wrote, which stands at a
    /// position, is cold: before `gapsBefore` of a log.
    ///
    /// A user's first event is never cold, nor the last one before the line of that time; so what is cold stands
    /// between two that are there.
    package static func isGap(
        after version: Int64,
        at position: Int64,
        before line: Int64
    ) -> Bool {
        version > 0 && position < line
    }

    package static func == (left: ColdHistory, right: ColdHistory) -> Bool {
        left.stretches == right.stretches
    }

    /// Asks for that of a log.
    package static func statement(_ logID: Int32) -> Statement {
        Statement(
            "cold_history",
            """
            select number, first_position, before_position, export_id, manifest_hash,
                checkpoint_size, detached_at, detached_by, attached_at
            from ledger.cold where log_id = $1 order by number
            """,
            .int4(logID)
        )
    }

    /// `gapsBefore` of each log of facts in which something is cold.
    package static func gaps(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Int32: Int64] {
        let lines = try await connection.rows(
            Statement(
                "cold_gaps",
                """
                select log_id, max(before_position) from ledger.cold
                where log_id % 2 = 0 group by log_id having bool_or(attached_at is null)
                """
            )
        ) { result, row throws(PostgresError) in
            (try result.int4(row, 0), try result.int8(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: lines)
    }

    /// The same on one connection.
    package static func read(
        _ logID: Int32,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> ColdHistory {
        ColdHistory(try await connection.rows(statement(logID), ColdStretch.init))
    }
}

// The leaves that cold records have left in tiles.
extension ColdHistory {
    /// Asks for the tiles that hold the leaves of some positions, the first one first.
    package static func tiles(_ logID: Int32, _ positions: Range<Int64>) -> Statement {
        let width = Int64(TileAddress.fullWidth)
        return Statement(
            "cold_tiles",
            """
            select number, hashes from ledger.tile
            where log_id = $1 and level = 0 and number >= $2 and number < $3 order by number
            """,
            .int4(logID),
            .int8(positions.lowerBound / width),
            .int8((positions.upperBound + width - 1) / width)
        )
    }

    /// Reads a row of it: the tile's number, and its leaves, none where it is none.
    package static func leaves(
        _ result: borrowing PostgresResult,
        _ row: Int
    ) throws(PostgresError) -> ColdTile {
        ColdTile(
            number: try result.int8(row, 0),
            leaves: MerkleHash.list(try result.bytes(row, 1)) ?? []
        )
    }

    /// The leaves of the positions, as far as the tiles have them without a hole.
    package static func leaves(
        _ positions: Range<Int64>,
        of tiles: [ColdTile]
    ) -> [MerkleHash] {
        let width = Int64(TileAddress.fullWidth)
        var leaves: [MerkleHash] = []
        for (tile, number) in zip(tiles, (positions.lowerBound / width)...) {
            guard tile.number == number, tile.leaves.count == TileAddress.fullWidth else { break }
            let own = positions.clamped(to: number * width..<(number + 1) * width)
            leaves += tile.leaves[Int(own.lowerBound % width)...].prefix(own.count)
        }
        return leaves
    }
}

/// The leaves of a full tile of level 0.
package final class ColdTile: Sendable {
    package let number: Int64
    package let leaves: [MerkleHash]

    init(number: Int64, leaves: [MerkleHash]) {
        self.number = number
        self.leaves = leaves
    }
}

/// What somebody asked for is not in the database, and where it is.
package final class ColdPlace: Sendable, Equatable, CustomStringConvertible {
    package let log: Log
    /// The first position that is in the database.
    package let before: Int64
    /// The export whose bundle has what was asked for.
    package let export: Identifier

    package init(log: Log, before: Int64, export: Identifier) {
        self.log = log
        self.before = before
        self.export = export
    }

    package static func == (left: ColdPlace, right: ColdPlace) -> Bool {
        left.log == right.log && left.before == right.before && left.export == right.export
    }

    package var description: String {
        (log.kind == .facts ? "launches among the" : "the")
            + " events of \(log.ownName) before position \(before) are cold history: they are in the bundle of "
            + "export \(export), and not in the database"
    }
}
