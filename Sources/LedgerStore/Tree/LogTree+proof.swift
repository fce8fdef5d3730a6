internal import MerkleLog

extension LogTree {
    /// The proof that this tree continues the one that it was at an older size.
    ///
    /// Tiles that are not stored yet are at hand, and so is the right edge; what else is needed was
    /// stored with an earlier checkpoint, a handful of tiles whatever the size of the log. The
    /// proof is checked before it is given away, so stored tiles cannot make a wrong one.
    func consistency(from old: Int, _ store: LedgerStore) async throws -> [MerkleHash] {
        let plan = try ProofPlan.consistency(from: old, to: Int(size))
        guard !plan.nodes.isEmpty else { return [] }
        let oldPlan = ProofPlan.root(of: old)
        var tiles = tilesAtHand
        for address in Set(plan.tiles(in: Int(size)) + oldPlan.tiles(in: Int(size)))
        where !isAtHand(address) {
            guard let tile = try await store.tile(address, logID: logID) else {
                throw IntegrationAlarm.damagedTiles(size: Int64(old))
            }
            tiles.insert(tile)
        }
        let hashes = try tiles.hashes(plan, in: Int(size))
        let oldRoot = try tiles.hashes(oldPlan, in: Int(size)).first ?? .emptyTree
        do {
            try ConsistencyProof(old: old, new: Int(size), hashes: hashes)
                .verify(oldRoot: oldRoot, newRoot: root)
        } catch {
            throw IntegrationAlarm.damagedTiles(size: Int64(old))
        }
        return hashes
    }
}
