internal import Ledger
internal import MerkleLog
internal import Postgres

extension LedgerStore {
    /// How many records' tiles are compared at once, to bound the memory.
    private static let repairStep: Int64 = 131_072

    /// Sets aside tiles that are not those of the records before the last sound checkpoint, and
    /// those beyond it, and stores the right ones.
    func mendTiles(
        of log: Log,
        upTo last: PublishedCheckpoint?,
        _ connection: PostgresConnection,
        _ repair: inout CheckpointRepair
    ) async throws {
        let size = last?.size ?? 0
        var tree = LogTree(log: log, vault: vault)
        var wrong: [Tile] = []
        while tree.size < size {
            try await tree.grow(to: min(size, tree.size + Self.repairStep), pools[log])
            wrong += try await wrongTiles(among: tree.tiles, of: log, connection)
            tree.tilesAreStored()
        }
        if let last, tree.root != last.root {
            throw IntegrationAlarm.differentRoot(size: size, source: "the last checkpoint")
        }
        repair.tilesRemoved = Int(try await setAside(wrong, of: log, beyond: size, connection))
        repair.tilesStored = wrong.count
        guard !wrong.isEmpty else { return }
        try await connection.execute(Tile.storing(wrong, logID: log.id))
    }

    /// Those that are stored otherwise, or not at all.
    private func wrongTiles(
        among tiles: [Tile],
        of log: Log,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Tile] {
        guard !tiles.isEmpty else { return [] }
        let places = try await connection.rows(
            Statement(
                "wrong_tiles",
                """
                select t.place from unnest($2::int[], $3::bigint[], $4::bytea[], $5::bytea[])
                    with ordinality as t (level, number, hashes, root, place)
                left join ledger.tile stored on stored.log_id = $1
                    and stored.level = t.level and stored.number = t.number
                where stored.hashes is distinct from t.hashes or stored.root is distinct from t.root
                order by t.place
                """,
                .int4(log.id),
                .int4Array(tiles.map(\.level)),
                .int8Array(tiles.map { Int64($0.address.index) }),
                .byteaArray(tiles.map(\.bytes)),
                .byteaArray(tiles.map { $0.root.bytes })
            )
        ) { result, row throws(PostgresError) in try result.int8(row, 0) }
        return places.map { tiles[Int($0) - 1] }
    }

    /// Keeps and removes; gives how many there were.
    private func setAside(
        _ wrong: [Tile],
        of log: Log,
        beyond size: Int64,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Int64 {
        let count = try await connection.query(
            Statement(
                "set_aside_tiles",
                """
                with kept as (
                    insert into ledger.removed_tile (log_id, level, number, hashes, root)
                    select tile.log_id, tile.level, tile.number, tile.hashes, tile.root
                    from ledger.tile
                    where tile.log_id = $1 and (
                        tile.number >= $4 >> (8 * (tile.level + 1))
                        or (tile.level, tile.number) in (
                            select w.level, w.number
                            from unnest($2::int[], $3::bigint[]) as w (level, number)))
                    returning log_id
                )
                select count(*) from kept
                """,
                .int4(log.id),
                .int4Array(wrong.map(\.level)),
                .int8Array(wrong.map { Int64($0.address.index) }),
                .int8(size)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        guard count > 0 else { return 0 }
        // What this transaction kept, byte for byte: a tile that was set aside earlier, because no
        // checkpoint covered it, may have been stored rightly since.
        try await connection.execute(
            Statement(
                "remove_tiles",
                """
                delete from ledger.tile using ledger.removed_tile kept
                where tile.log_id = $1 and kept.removed_at >= now() and (kept.log_id, kept.level, kept.number, kept.hashes, kept.root)
                    = (tile.log_id, tile.level, tile.number, tile.hashes, tile.root)
                """,
                .int4(log.id)
            )
        )
        return count
    }
}
