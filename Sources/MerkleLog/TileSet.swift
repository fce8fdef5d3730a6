/// Tiles at hand, from which any hash that they cover is computed.
package struct TileSet: Sendable {
    private struct Place: Hashable {
        let level: Int
        let index: Int
    }

    private var tiles: [Place: Tile] = [:]

    /// Begins without a tile.
    package init() {}

    /// Adds a tile.
    ///
    /// Of two at one place the wider one stays: it holds all of the narrower.
    package mutating func insert(_ tile: Tile) {
        guard case .hashes(let level) = tile.address.layer else { return }
        let place = Place(level: level, index: tile.address.index)
        if let known = tiles[place], known.address.width >= tile.address.width { return }
        tiles[place] = tile
    }

    /// The hash of a node within a tree.
    ///
    /// The size decides the width of the tile that is named when it is missing.
    package func hash(of node: TreeNode, in size: Int) throws(TileError) -> MerkleHash {
        let address = TileAddress(holding: node, in: size)
        let level = node.level / TileAddress.height
        let count = 1 << (node.level % TileAddress.height)
        let start = node.index * count - address.index * TileAddress.fullWidth
        guard let tile = tiles[Place(level: level, index: address.index)],
            tile.hashes.count >= start + count
        else { throw .missing(address) }
        return MerkleHash.root(ofPerfect: tile.hashes[start..<start + count])
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
