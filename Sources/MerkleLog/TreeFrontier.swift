/// A growing tree of which only the perfect subtrees at its right edge are kept.
///
/// At most 63 hashes, whatever the size: enough for the root at every size on the way, for
/// example to compare a stream of records with every checkpoint that was ever signed.
package struct TreeFrontier: Sendable, Equatable {
    /// How many leaves the tree has.
    package private(set) var size = 0
    /// One for every bit of the size that is set, the largest first.
    private var subtrees: [MerkleHash] = []

    /// Begins with the empty tree.
    package init() {}

    /// Takes a stored tree; pairs with `subtreesNeeded(of:)`.
    package init(size: Int, subtrees: [MerkleHash]) throws(TileError) {
        guard size >= 0, subtrees.count == size.nonzeroBitCount else { throw .malformedFrontier }
        self.size = size
        self.subtrees = subtrees
    }

    /// The nodes whose hashes make the frontier of a tree.
    package static func subtreesNeeded(of size: Int) -> [TreeNode] {
        ProofPlan.root(of: size).nodes
    }

    /// Adds the next leaf.
    package mutating func append(_ leaf: MerkleHash) {
        var hash = leaf
        for _ in 0..<(~size).trailingZeroBitCount {
            hash = MerkleHash(subtrees.removeLast(), hash)
        }
        subtrees.append(hash)
        size += 1
    }

    /// The root of the tree as it is now.
    package var root: MerkleHash { MerkleHash.root(of: subtrees) }

    /// A form to store: the size in 8 bytes, most significant first, and the hashes.
    package var bytes: [UInt8] {
        var bytes = UInt64(size).bigEndianBytes
        for subtree in subtrees { subtree.append(to: &bytes) }
        return bytes
    }

    /// Reads what `bytes` wrote.
    package init(_ bytes: [UInt8]) throws(TileError) {
        guard let value = UInt64(bigEndianBytes: bytes.prefix(8)), let size = Int(exactly: value),
            let subtrees = MerkleHash.list(Array(bytes.dropFirst(8)))
        else { throw .malformedFrontier }
        try self.init(size: size, subtrees: subtrees)
    }
}
