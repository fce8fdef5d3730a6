internal import MerkleLog

extension LogTree {
    /// The proof that this tree continues the one that it was at an older size.
    ///
    /// Tiles that are not stored yet are at hand, and so is the right edge; what else is needed was
    /// stored with an earlier checkpoint, a handful of tiles whatever the size of the log. The
    /// proof is checked before it is given away, so stored tiles cannot make a wrong one.
    func consistency(from old: Int, _ store: LedgerStore) async throws -> [MerkleHash] {
        // A witness may name any size.
        guard old <= size else { throw ProofError.sizesOutOfRange(from: old, to: Int(size)) }
        var reader = TreeReader(store, size: size, log: log, tiles: tilesAtHand)
        do {
            let hashes = try await reader.consistency(from: Int64(old))
            guard !hashes.isEmpty else { return [] }
            let oldRoot = try await reader.root(of: Int64(old))
            try ConsistencyProof(old: old, new: Int(size), hashes: hashes)
                .verify(oldRoot: oldRoot, newRoot: root)
            return hashes
        } catch StoreError.damaged(.tile) {
            throw IntegrationAlarm.damagedTiles(size: Int64(old))
        } catch is ProofError {
            throw IntegrationAlarm.damagedTiles(size: Int64(old))
        }
    }
}
