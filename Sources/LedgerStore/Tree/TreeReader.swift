package import Ledger
package import MerkleLog

/// Reads hashes of one log's tree, as it was at one size, through its tiles: the one way to them.
///
/// It remembers the tiles that the next positions need too, so a page of neighbouring positions
/// costs about a tile read per 256 of them; what it remembers is bounded. The size may be that of
/// an older checkpoint than the last one.
package struct TreeReader: Sendable {
    /// How many records the tree has.
    package let size: Int64
    private let store: LedgerStore
    private let log: Log
    private var tiles: TileSet

    /// Reads in the tree of this size, which must be covered by a published checkpoint.
    ///
    /// `tiles` are those that need not be read.
    package init(
        _ store: LedgerStore,
        size: Int64,
        log: Log,
        tiles: TileSet = TileSet()
    ) {
        self.store = store
        self.size = size
        self.log = log
        self.tiles = tiles
    }

    /// The audit path of the record at a position (RFC 6962, section 2.1.1).
    ///
    /// The position must be below the tree's size. Ascending positions are cheapest.
    package mutating func inclusion(
        of position: Int64
    ) async throws(StoreError) -> [MerkleHash] {
        guard let plan = try? ProofPlan.inclusion(of: Int(position), in: Int(size)) else {
            preconditionFailure("The position lies in the tree.")
        }
        return try await hashes(plan)
    }

    /// The proof that the tree continues that of a smaller size (RFC 6962, section 2.1.2).
    package mutating func consistency(
        from old: Int64
    ) async throws(StoreError) -> [MerkleHash] {
        guard let plan = try? ProofPlan.consistency(from: Int(old), to: Int(size)) else {
            preconditionFailure("A tree continues a smaller one.")
        }
        return try await hashes(plan)
    }

    /// The root that the tree had at a smaller size.
    mutating func root(of old: Int64) async throws(StoreError) -> MerkleHash {
        try await hashes(.root(of: Int(old))).first ?? .emptyTree
    }

    /// The hashes that a plan for this tree describes.
    private mutating func hashes(_ plan: ProofPlan) async throws(StoreError) -> [MerkleHash] {
        let addresses = plan.tiles(in: Int(size))
        for address in addresses where !tiles.contains(address) {
            if tiles.count >= StoreLimits.proofTilesMax { tiles.keep(addresses) }
            tiles.insert(try await store.integratedTile(address, log: log))
        }
        do {
            return try tiles.hashes(plan, in: Int(size))
        } catch {
            throw .damaged(.tile)
        }
    }
}
