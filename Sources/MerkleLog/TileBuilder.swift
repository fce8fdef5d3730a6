/// Grows a tree leaf by leaf and hands out the tiles that came to be.
///
/// It keeps only the right edge: per level the hashes that do not fill a tile yet. These are the
/// partial tiles of the tree, so whoever stored them can resume from them.
package struct TileBuilder: Sendable {
    /// How many leaves the tree has.
    package private(set) var size = 0

    /// Per level, fewer hashes than fill a tile.
    private var edge: [[MerkleHash]] = []
    private var full: [Tile] = []
    private var sizeTaken = 0

    /// Begins with the empty tree.
    package init() {}

    /// Resumes with a tree whose tiles are stored.
    ///
    /// What is read is not judged: compare `root` with a signed checkpoint before going on. The
    /// closure is asked for the partial tile of each level, and its error is passed on.
    package init<Failure: Error>(
        resumingAt size: Int,
        reading tile: (TileAddress) throws(Failure) -> Tile
    ) throws(Failure) {
        self.size = size
        sizeTaken = size
        for address in Self.edge(of: size) {
            guard let address else {
                edge.append([])
                continue
            }
            let hashes = try tile(address).hashes
            precondition(hashes.count == address.width, "another tile than the one asked for")
            edge.append(hashes)
        }
    }

    /// The partial tile of each level, none where the last tile is full.
    private static func edge(of size: Int) -> [TileAddress?] {
        var addresses: [TileAddress?] = []
        var count = size
        while count > 0 {
            addresses.append(
                TileAddress(
                    .hashes(level: addresses.count),
                    index: count / TileAddress.fullWidth,
                    width: count % TileAddress.fullWidth
                )
            )
            count /= TileAddress.fullWidth
        }
        return addresses
    }

    /// Adds the next leaf.
    package mutating func append(_ leaf: MerkleHash) {
        var hash = leaf
        var level = 0
        size += 1
        while true {
            if level == edge.count { edge.append([]) }
            edge[level].append(hash)
            guard edge[level].count == TileAddress.fullWidth else { return }
            let index = size >> ((level + 1) * TileAddress.height) - 1
            hash = MerkleHash.root(ofPerfect: edge[level][...])
            if let address = TileAddress(.hashes(level: level), index: index) {
                full.append(Tile(address, edge[level], root: hash))
            }
            edge[level].removeAll(keepingCapacity: true)
            level += 1
        }
    }

    /// The root of the tree as it is now.
    package var root: MerkleHash {
        // Within a level, leaves and lower levels join as if the level's hashes were leaves.
        var subtrees: [MerkleHash] = []
        for hashes in edge.reversed() {
            for node in TreeNode.covering(0..<hashes.count) {
                subtrees.append(MerkleHash.root(ofPerfect: hashes[node.leaves]))
            }
        }
        return MerkleHash.root(of: subtrees)
    }

    /// The tiles that came to be since the last time: first the full ones, then the partial ones.
    ///
    /// They are those of `TileAddress.grown` between the two sizes. Call it at every batch; what is
    /// not taken stays in memory.
    package mutating func takeTiles() -> [Tile] {
        let partial = TileAddress.grown(from: sizeTaken, to: size).filter { !$0.isFull }
        let tiles =
            full
            + partial.compactMap { address in
                guard case .hashes(let level) = address.layer else { return nil }
                return Tile(address, edge[level])
            }
        full = []
        sizeTaken = size
        return tiles
    }
}
