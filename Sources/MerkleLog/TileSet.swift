/// Tiles at hand, from which any hash that they cover is read.
package struct TileSet: Sendable {
    private struct Place: Hashable {
        let level: Int
        let index: Int

        init?(_ address: TileAddress) {
            guard case .hashes(let level) = address.layer else { return nil }
            self.level = level
            index = address.index
        }
    }

    private var tiles: [Place: TileNodes] = [:]

    /// Begins without a tile.
    package init() {}

    /// How many tiles are at hand.
    package var count: Int { tiles.count }

    /// Adds a tile.
    ///
    /// Of two at one place the wider one stays: it holds all of the narrower.
    package mutating func insert(_ tile: Tile) {
        guard let place = Place(tile.address) else { return }
        if let known = tiles[place], known.width >= tile.address.width { return }
        tiles[place] = TileNodes(tile)
    }

    /// Whether all hashes of a tile of this address are at hand.
    package func contains(_ address: TileAddress) -> Bool {
        Place(address).flatMap { tiles[$0] }.map { $0.width >= address.width } ?? false
    }

    /// Forgets all tiles but those at these addresses.
    package mutating func keep(_ addresses: [TileAddress]) {
        let kept = Set(addresses.compactMap { Place($0) })
        tiles = tiles.filter { kept.contains($0.key) }
    }

    /// The hash of a node within a tree.
    ///
    /// The size decides the width of the tile that is named when it is missing.
    package func hash(of node: TreeNode, in size: Int) throws(TileError) -> MerkleHash {
        let address = TileAddress(holding: node, in: size)
        guard let hash = Place(address).flatMap({ tiles[$0] })?.hash(of: node) else {
            throw .missing(address)
        }
        return hash
    }

    /// The proof, or the one root, that a plan describes.
    package func hashes(_ plan: ProofPlan, in size: Int) throws(TileError) -> [MerkleHash] {
        try plan.hashes { (node) throws(TileError) in try hash(of: node, in: size) }
    }

    /// The root of a tree.
    package func root(of size: Int) throws(TileError) -> MerkleHash {
        try hashes(.root(of: size), in: size).first ?? .emptyTree
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

    /// How many hashes the tile has.
    var width: Int { rows[0].count }

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
