package import MerkleLog
internal import Postgres

extension LedgerStore {
    /// The key that verifies the checkpoints of the log of facts, as C2SP `signed-note` writes it.
    package var checkpointVerifierKey: String {
        vault.checkpointSigner(logID: administrationLog).key.description
    }

    /// The last checkpoint of a log, or nil before the first.
    package func latestCheckpoint(logID: Int32) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(
            Statement(
                "latest_checkpoint",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 order by size desc limit 1
                """,
                .int4(logID)
            )
        )
    }

    /// How many records a log has.
    package func size(logID: Int32) async throws(StoreError) -> Int64 {
        do {
            return try await pool.query(
                Statement("log_size", "select size from ledger.log where log_id = $1", .int4(logID))
            ) { result throws(PostgresError) in try result.int8(0, 0) }
        } catch {
            throw StoreError(error)
        }
    }

    /// A tile, or nil when it is beyond the log's last checkpoint.
    ///
    /// Full tiles are stored; a partial one is computed from what is below it.
    package func tile(
        _ address: TileAddress,
        logID: Int32
    ) async throws(StoreError) -> Tile? {
        guard case .hashes(let level) = address.layer,
            let checkpoint = try await latestCheckpoint(logID: logID),
            address.isWithin(Int(checkpoint.size))
        else { return nil }
        if level == 0 && !address.isFull {
            let bundle = try await records(address, logID: logID)
            return try Self.tile(address, bundle.map { MerkleHash(leaf: $0) })
        }
        let statement =
            address.isFull
            ? Statement(
                "tile",
                "select hashes from ledger.tile where log_id = $1 and level = $2 and number = $3",
                .int4(logID),
                .int4(Int32(level)),
                .int8(Int64(address.index))
            )
            : Statement(
                "tile_roots",
                """
                select root from ledger.tile
                where log_id = $1 and level = $2 and number >= $3 order by number limit $4
                """,
                .int4(logID),
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

    /// The records of an entry bundle, or nil when it is beyond the log's last checkpoint.
    package func entryBundle(
        _ address: TileAddress,
        logID: Int32
    ) async throws(StoreError) -> EntryBundle? {
        guard case .entries = address.layer,
            let checkpoint = try await latestCheckpoint(logID: logID),
            address.isWithin(Int(checkpoint.size))
        else { return nil }
        do {
            return try EntryBundle(try await records(address, logID: logID))
        } catch {
            throw .damaged(.record)
        }
    }

    /// The hashes of a proof in the tree of a checkpoint's size.
    package func hashes(
        _ plan: ProofPlan,
        size: Int64,
        logID: Int32
    ) async throws(StoreError) -> [MerkleHash] {
        var tiles = TileSet()
        for address in plan.tiles(in: Int(size)) {
            guard let tile = try await tile(address, logID: logID) else { throw .damaged(.tile) }
            tiles.insert(tile)
        }
        do {
            return try tiles.hashes(plan, in: Int(size))
        } catch {
            throw .damaged(.tile)
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
        logID: Int32
    ) async throws(StoreError) -> [[UInt8]] {
        try await bytes(
            Statement(
                "bundle",
                """
                select record from ledger.event
                where log_id = $1 and position >= $2 and position < $3 order by position
                """,
                .int4(logID),
                .int8(Int64(address.index * TileAddress.fullWidth)),
                .int8(Int64(address.index * TileAddress.fullWidth + address.width))
            )
        )
    }

    private func bytes(_ statement: Statement) async throws(StoreError) -> [[UInt8]] {
        do {
            return try await pool.query(statement) { result throws(PostgresError) in
                var rows: [[UInt8]] = []
                for row in 0..<result.rowCount { rows.append(try result.bytes(row, 0)) }
                return rows
            }
        } catch {
            throw StoreError(error)
        }
    }

    private func checkpoint(
        _ statement: Statement
    ) async throws(StoreError) -> PublishedCheckpoint? {
        do {
            return try await pool.query(statement) { result throws(PostgresError) in
                guard result.rowCount == 1, let root = MerkleHash(try result.bytes(0, 1)) else {
                    return nil
                }
                return PublishedCheckpoint(
                    size: try result.int8(0, 0),
                    root: root,
                    note: try result.text(0, 2)
                )
            }
        } catch {
            throw StoreError(error)
        }
    }
}
