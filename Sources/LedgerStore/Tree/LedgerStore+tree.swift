package import Ledger
internal import Logging
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

    /// The last sound checkpoint of a log, or nil before the first.
    package func latestCheckpoint(log: Log) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(by: lookups[log], log, from: .max, .downwards)
    }

    /// The first sound checkpoint of a log, or nil before it.
    package func firstCheckpoint(log: Log) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(by: bulk[log], log, from: 0, .upwards)
    }

    /// The last sound checkpoint of a log whose tree has at most this size, or nil.
    package func checkpoint(
        atOrBefore size: Int64,
        log: Log
    ) async throws(StoreError) -> PublishedCheckpoint? {
        try await checkpoint(by: bulk[log], log, from: size, .downwards)
    }

    /// The size of the last stored checkpoint, sound or not, and when it was published; or nil.
    func lastStoredCheckpoint(
        log: Log
    ) async throws(StoreError) -> (size: Int64, publishedAt: Timestamp)? {
        try await lookups[log].firstRow(
            Statement(
                "last_stored_checkpoint",
                """
                select size, published_at from ledger.checkpoint
                where log_id = $1 order by size desc limit 1
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in
            (
                size: try result.int8(row, 0),
                publishedAt: Timestamp(microseconds: try result.timestamptz(row, 1))
            )
        }
    }

    /// How many records a log has.
    package func size(log: Log) async throws(StoreError) -> Int64 {
        try await lookups[log].query(
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
        guard case .hashes = address.layer, try await shows(address, log: log) else { return nil }
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
            return try Self.tile(address, try await leaves(address, log: log))
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
        let bytes = try await bytes(statement, of: log)
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
        guard case .entries = address.layer, try await shows(address, log: log) else { return nil }
        let records = try await records(address, log: log)
        do {
            return try EntryBundle(records).bytes
        } catch {
            throw .damaged(.record)
        }
    }

    /// Whether the log's last checkpoint covers what stands at an address.
    package func shows(_ address: TileAddress, log: Log) async throws(StoreError) -> Bool {
        guard let checkpoint = try await shownCheckpoint(log: log) else { return false }
        return address.isWithin(Int(checkpoint.size))
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

    /// The leaf hashes of a partial tile: of the records, or where these are cold, of the tile that is full by now.
    private func leaves(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> [MerkleHash] {
        guard try await coldHistory(of: log).before > Int64(address.index * TileAddress.fullWidth)
        else { return try await records(address, log: log).map { MerkleHash(leaf: $0) } }
        guard let full = TileAddress(address.layer, index: address.index),
            let hashes = MerkleHash.list(try await storedTile(full, log: log).bytes)
        else { throw .damaged(.tile) }
        return Array(hashes.prefix(address.width))
    }

    private func records(
        _ address: TileAddress,
        log: Log
    ) async throws(StoreError) -> [[UInt8]] {
        let start = Int64(address.index * TileAddress.fullWidth)
        let statement = Statement(
            "bundle",
            """
            select record from ledger.event
            where log_id = $1 and position >= $2 and position < $3 order by position
            """,
            .int4(log.id),
            .int8(start),
            .int8(start + Int64(address.width))
        )
        let records = try await bytes(statement, of: log)
        guard records.count < address.width else { return records }
        _ = try await requireWarm(log, from: start)
        // They may have been cold when they were asked for, and be back by now.
        return try await bytes(statement, of: log)
    }

    private func bytes(_ statement: Statement, of log: Log) async throws(StoreError) -> [[UInt8]] {
        try await bulk[log].rows(statement) { result, row throws(PostgresError) in
            try result.bytes(row, 0)
        }
    }

    private enum Direction {
        case upwards, downwards
    }

    /// The first sound one from a size on.
    ///
    /// One that our key did not sign, or whose columns say
    /// something else than was signed, is passed over: it proves nothing, and `verify` names it.
    private func checkpoint(
        by database: StoreDatabase,
        _ log: Log,
        from size: Int64,
        _ direction: Direction
    ) async throws(StoreError) -> PublishedCheckpoint? {
        var size = size
        while true {
            let found = try await database.firstRow(Self.statement(log, size, direction)) {
                result,
                row throws(PostgresError) in
                (
                    size: try result.int8(row, 0), root: MerkleHash(try result.bytes(row, 1)),
                    note: try result.text(row, 2)
                )
            }
            guard let found else { return nil }
            if let root = found.root {
                let checkpoint = PublishedCheckpoint(
                    size: found.size,
                    root: root,
                    note: found.note
                )
                if vault.isSound(checkpoint, logID: log.id) { return checkpoint }
            }
            logger.error(
                "an unsound checkpoint is passed over",
                metadata: ["log": "\(log.id)", "size": "\(found.size)"]
            )
            size = direction == .upwards ? found.size + 1 : found.size - 1
        }
    }

    private static func statement(_ log: Log, _ size: Int64, _ direction: Direction) -> Statement {
        switch direction {
        case .upwards:
            Statement(
                "checkpoint_after",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 and size >= $2 order by size limit 1
                """,
                .int4(log.id),
                .int8(size)
            )
        case .downwards:
            Statement(
                "checkpoint_before",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 and size <= $2 order by size desc limit 1
                """,
                .int4(log.id),
                .int8(size)
            )
        }
    }
}

extension Vault {
    /// Whether our key has signed what the checkpoint and its columns say.
    func isSound(_ published: PublishedCheckpoint, logID: Int32) -> Bool {
        guard let note = try? SignedNote(Array(published.note.utf8)),
            let signed = try? ownCheckpoint(note, logID: logID)
        else { return false }
        return Int64(signed.size) == published.size && signed.root == published.root
    }

    /// What a note says that our key has signed for this log.
    func ownCheckpoint(_ note: SignedNote, logID: Int32) throws(NoteError) -> Checkpoint {
        let key = checkpointSigner(logID: logID).key
        return try Checkpoint(verifying: note, origin: key.name, keys: [key])
    }
}
