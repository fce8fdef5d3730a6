package import Ledger
package import MerkleLog
internal import Postgres
internal import Vault

extension LedgerStore {
    /// The key that verifies the checkpoints of the log of facts, as C2SP `signed-note` writes it.
    package var checkpointVerifierKey: String {
        vault.checkpointSigner(logID: Log.facts.id).key.description
    }

    /// The last checkpoint of a log, or that of a moment ago; nil before the first.
    package func shownCheckpoint(log: Log) async throws(StoreError) -> PublishedCheckpoint? {
        try await treeCache.checkpoints.answer(to: log) { () async throws(StoreError) in
            try await latestCheckpoint(log: log)
        }
    }

    /// The last checkpoint of a log, or nil before the first.
    package func latestCheckpoint(log: Log) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(
            by: lookups,
            Statement(
                "latest_checkpoint",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 order by size desc limit 1
                """,
                .int4(log.id)
            )
        )
    }

    /// The first checkpoint of a log, or nil before it.
    package func firstCheckpoint(log: Log) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(
            by: bulk,
            Statement(
                "first_checkpoint",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 order by size limit 1
                """,
                .int4(log.id)
            )
        )
    }

    /// The last checkpoint of a log whose tree has at most this size, or nil.
    package func checkpoint(
        atOrBefore size: Int64,
        log: Log
    ) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(
            by: bulk,
            Statement(
                "checkpoint_before",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 and size <= $2 order by size desc limit 1
                """,
                .int4(log.id),
                .int8(size)
            )
        )
    }

    /// How many records a log has.
    package func size(log: Log) async throws(StoreError) -> Int64 {
        try await lookups.query(
            Statement("log_size", "select size from ledger.log where log_id = $1", .int4(log.id))
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// A tile, or nil when it is beyond the log's last checkpoint.
    ///
    /// Full tiles are stored; a partial one is computed from what is below it.
    package func tile(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> Tile? {
        guard case .hashes = address.layer,
            let checkpoint = try await shownCheckpoint(log: log),
            address.isWithin(Int(checkpoint.size))
        else { return nil }
        return try await integratedTile(address, log: log)
    }

    /// A tile of hashes that a checkpoint covers; whoever asks knows that it does.
    func integratedTile(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> Tile {
        let tile = try await treeCache.tiles.answer(
            to: TreeCache.Place(log: log, address: address),
            cost: { $0.bytes.count }
        ) { () async throws(StoreError) in
            try await storedTile(address, log: log)
        }
        guard let tile else { throw .damaged(.tile) }
        return tile
    }

    private func storedTile(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> Tile {
        guard case .hashes(let level) = address.layer else { throw .damaged(.tile) }
        if level == 0 && !address.isFull {
            let bundle = try await records(address, log: log)
            return try Self.tile(address, bundle.map { MerkleHash(leaf: $0) })
        }
        let statement =
            address.isFull
            ? Statement(
                "tile",
                "select hashes from ledger.tile where log_id = $1 and level = $2 and number = $3",
                .int4(log.id),
                .int4(Int32(level)),
                .int8(Int64(address.index))
            )
            : Statement(
                "tile_roots",
                """
                select root from ledger.tile
                where log_id = $1 and level = $2 and number >= $3 order by number limit $4
                """,
                .int4(log.id),
                .int4(Int32(level - 1)),
                .int8(Int64(address.index * TileAddress.fullWidth)),
                .int8(Int64(address.width))
            )
        let bytes = try await bytes(statement)
        guard let hashes = MerkleHash.list(Array(bytes.joined())) else {
            throw .damaged(.tile)
        }
        return try Self.tile(address, hashes)
    }

    /// The bytes of an entry bundle, or nil when it is beyond the log's last checkpoint.
    package func entryBundle(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> [UInt8]? {
        guard case .entries = address.layer,
            let checkpoint = try await shownCheckpoint(log: log),
            address.isWithin(Int(checkpoint.size))
        else { return nil }
        return try await treeCache.bundles.answer(
            to: TreeCache.Place(log: log, address: address),
            cost: \.count
        ) { () async throws(StoreError) in
            let records = try await records(address, log: log)
            do {
                return try EntryBundle(records).bytes
            } catch {
                throw .damaged(.record)
            }
        }
    }

    private static func tile(
        _ address: TileAddress,
        _ hashes: [MerkleHash]
    ) throws(StoreError) -> Tile {
        do {
            return try Tile(hashes.flatMap(\.bytes), at: address)
        } catch {
            throw .damaged(.tile)
        }
    }

    private func records(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> [[UInt8]] {
        try await bytes(
            Statement(
                "bundle",
                """
                select record from ledger.event
                where log_id = $1 and position >= $2 and position < $3 order by position
                """,
                .int4(log.id),
                .int8(Int64(address.index * TileAddress.fullWidth)),
                .int8(Int64(address.index * TileAddress.fullWidth + address.width))
            )
        )
    }

    private func bytes(_ statement: Statement) async throws(StoreError) -> [[UInt8]] {
        try await bulk.rows(statement) { result, row throws(PostgresError) in
            try result.bytes(row, 0)
        }
    }

    private func checkpoint(
        by database: StoreDatabase,
        _ statement: Statement
    ) async throws(StoreError) -> PublishedCheckpoint? {
        let checkpoint = try await database.firstRow(statement) {
            result,
            row throws(PostgresError) -> PublishedCheckpoint? in
            guard let root = MerkleHash(try result.bytes(row, 1)) else { return nil }
            return PublishedCheckpoint(
                size: try result.int8(row, 0),
                root: root,
                note: try result.text(row, 2)
            )
        }
        return checkpoint ?? nil
    }
}
