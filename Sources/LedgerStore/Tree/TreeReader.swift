package import MerkleLog

/// Proofs in the tree of one checkpoint, for many positions one after the other.
///
/// It remembers the tiles that the next positions need too, so a page of neighbouring positions
/// costs about a tile read per 256 of them; what it remembers is bounded. The checkpoint may be
/// older than the last one.
package struct ProofReader: Sendable {
    private struct Place: Hashable {
        let level: Int
        let index: Int
    }

    /// How many records the tree has.
    package let size: Int64
    private let store: LedgerStore
    private let logID: Int32
    private var tiles: [Place: TileNodes] = [:]

    /// Reads proofs in the tree of this size, which must be that of a published checkpoint.
    package init(_ store: LedgerStore, size: Int64, logID: Int32) {
        self.store = store
        self.size = size
        self.logID = logID
    }

    /// The audit path of the record at a position (RFC 6962, section 2.1.1).
    ///
    /// The position must be below the tree's size. Ascending positions are cheapest.
    package mutating func proof(
        of position: Int64
    ) async throws(StoreError) -> [MerkleHash] {
        let plan: ProofPlan
        do {
            plan = try ProofPlan.inclusion(of: Int(position), in: Int(size))
        } catch {
            preconditionFailure("The position lies in the tree.")
        }
        try await read(plan)
        let known = tiles
        return try plan.hashes { (node) throws(StoreError) in
            guard let hash = known[Self.place(of: node)]?.hash(of: node) else {
                throw .damaged(.tile)
            }
            return hash
        }
    }

    /// Sees to it that all tiles of a plan are at hand, and forgets others when there are too many.
    private mutating func read(_ plan: ProofPlan) async throws(StoreError) {
        let addresses = plan.tiles(in: Int(size))
        for address in addresses {
            guard case .hashes(let level) = address.layer else { continue }
            let place = Place(level: level, index: address.index)
            guard tiles[place] == nil else { continue }
            if tiles.count >= StoreLimits.proofTilesMax {
                let needed = Set(
                    addresses.map { Place(level: $0.level, index: $0.index) }
                )
                tiles = tiles.filter { needed.contains($0.key) }
            }
            tiles[place] = TileNodes(try await store.integratedTile(address, logID: logID))
        }
    }

    private static func place(of node: TreeNode) -> Place {
        let height = node.level % TileAddress.height
        return Place(
            level: node.level / TileAddress.height,
            index: node.index << height / TileAddress.fullWidth
        )
    }
}

extension TileAddress {
    /// The level of its hashes; 0 for entries.
    fileprivate var level: Int {
        if case .hashes(let level) = layer { level } else { 0 }
    }
}

/// A tile with the nodes between its hashes and its root, so that each is hashed once.
private struct TileNodes: Sendable {
    /// The tile's place within its level.
    private let index: Int
    /// The nodes by height within the tile; only those whose leaves are all there.
    private var rows: [[MerkleHash]]

    init(_ tile: Tile) {
        index = tile.address.index
        rows = [tile.hashes]
        while let below = rows.last, below.count > 1 {
            rows.append(
                (0..<below.count / 2).map { MerkleHash(below[2 * $0], below[2 * $0 + 1]) }
            )
        }
    }

    /// Nil when the tile is too narrow to have the node.
    func hash(of node: TreeNode) -> MerkleHash? {
        let height = node.level % TileAddress.height
        let place = node.index - index << (TileAddress.height - height)
        guard rows.indices.contains(height), rows[height].indices.contains(place) else {
            return nil
        }
        return rows[height][place]
    }
}
