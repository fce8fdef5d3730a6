internal import LedgerStore
internal import MerkleLog
internal import Postgres

extension VerificationLog {
    /// The tree at the checkpoint that was verified before, made of stored tiles.
    func resumed(_ report: inout VerificationReport) async throws -> VerificationTree {
        let (sound, _) = try await checkpoints(after: since - 1, upTo: since, readers[0])
        guard let checkpoint = sound.first else {
            throw VerificationFailure.noCheckpoint(logID: logID, size: since)
        }
        var edges: [[MerkleHash]] = []
        var count = unitsBefore
        while count > 0 {
            let level = Int32(edges.count)
            let first = count / Int64(TileAddress.fullWidth) * Int64(TileAddress.fullWidth)
            edges.append(first == count ? [] : try await roots(level, first..<count))
            count /= Int64(TileAddress.fullWidth)
        }
        let subtrees = edges.reversed().flatMap { edge in
            var frontier = TreeFrontier()
            for hash in edge { frontier.append(hash) }
            return MerkleHash.list(Array(frontier.bytes.dropFirst(8))) ?? []
        }
        let frontier = try TreeFrontier(size: Int(unitsBefore), subtrees: subtrees)
        let tiles = try TileBuilder(resumingAt: Int(unitsBefore)) { address in
            guard case .hashes(let level) = address.layer else { throw TileError.missing(address) }
            return try Tile(edges[level].flatMap(\.bytes), at: address)
        }
        if start == since, frontier.root != checkpoint.root {
            report.add(logID, nil, .tilesLeadElsewhere(size: since))
        }
        return VerificationTree(
            logID: logID,
            branch: VerificationTree.Branch(frontier: frontier, tiles: tiles),
            provedSize: start
        )
    }

    private func roots(_ level: Int32, _ numbers: Range<Int64>) async throws -> [MerkleHash] {
        let roots = try await readers[0].rows(
            Statement(
                "verify_tile_roots",
                """
                select root from ledger.tile
                where log_id = $1 and level = $2 and number >= $3 and number < $4 order by number
                """,
                .int4(logID),
                .int4(level),
                .int8(numbers.lowerBound),
                .int8(numbers.upperBound)
            )
        ) { result, row throws(PostgresError) in MerkleHash(try result.bytes(row, 0)) }
        let found = roots.compactMap { $0 }
        guard found.count == numbers.count else {
            throw VerificationFailure.missingTiles(logID: logID, size: since)
        }
        return found
    }
}
