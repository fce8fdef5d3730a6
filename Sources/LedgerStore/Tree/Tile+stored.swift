package import MerkleLog
package import Postgres

extension Tile {
    /// The level as its column has it.
    package var level: Int32 {
        guard case .hashes(let level) = address.layer else { return 0 }
        return Int32(level)
    }

    /// Stores full tiles of a log with the rights of the schema's owner; the service publishes them with
    /// their checkpoint.
    package static func storing(_ tiles: [Tile], logID: Int32) -> Statement {
        Statement(
            "store_tiles",
            """
            insert into ledger.tile (log_id, level, number, hashes, root)
            select $1, t.level, t.number, t.hashes, t.root
            from unnest($2::int[], $3::bigint[], $4::bytea[], $5::bytea[])
                as t (level, number, hashes, root)
            """,
            .int4(logID),
            .int4Array(tiles.map(\.level)),
            .int8Array(tiles.map { Int64($0.address.index) }),
            .byteaArray(tiles.map(\.bytes)),
            .byteaArray(tiles.map { $0.root.bytes })
        )
    }
}
