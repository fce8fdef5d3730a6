/// Which hashes a proof or a root is made of, before any of them is read.
///
/// All places are known from sizes and positions alone. So whoever needs to wait for a database or
/// a network first asks for `nodes` or `tiles(in:)`, fetches them as it likes, and then computes.
package struct ProofPlan: Sendable, Equatable {
    /// Per hash of the result, the perfect subtrees under it, from left to right.
    private let parts: [[TreeNode]]

    /// What the root of a tree is made of; there is nothing to read for the empty tree.
    package static func root(of size: Int) -> ProofPlan {
        precondition(size >= 0, "a tree has no negative size")
        return ProofPlan(parts: size == 0 ? [] : [TreeNode.covering(0..<size)])
    }

    /// What an inclusion proof is made of (RFC 6962, section 2.1.1).
    package static func inclusion(of index: Int, in size: Int) throws(ProofError) -> ProofPlan {
        guard index >= 0, index < size else {
            throw .indexOutOfRange(index: index, size: size)
        }
        var parts: [[TreeNode]] = []
        var tree = 0..<size
        while tree.count > 1 {
            let split = tree.lowerBound + tree.count.leftCount
            if index < split {
                parts.append(TreeNode.covering(split..<tree.upperBound))
                tree = tree.lowerBound..<split
            } else {
                parts.append(TreeNode.covering(tree.lowerBound..<split))
                tree = split..<tree.upperBound
            }
        }
        return ProofPlan(parts: parts.reversed())
    }

    /// What a consistency proof is made of (RFC 6962, section 2.1.2).
    ///
    /// It is empty from the empty tree and between equal sizes: the first holds for every tree, the
    /// second is a comparison of roots.
    package static func consistency(
        from old: Int,
        to new: Int
    ) throws(ProofError) -> ProofPlan {
        guard old >= 0, old <= new else { throw .sizesOutOfRange(from: old, to: new) }
        guard old > 0 else { return ProofPlan(parts: []) }
        var parts: [[TreeNode]] = []
        var tree = 0..<new
        while tree.upperBound > old {
            let split = tree.lowerBound + tree.count.leftCount
            if old <= split {
                parts.append(TreeNode.covering(split..<tree.upperBound))
                tree = tree.lowerBound..<split
            } else {
                parts.append(TreeNode.covering(tree.lowerBound..<split))
                tree = split..<tree.upperBound
            }
        }
        // What is left ends where the old tree ended. If it is the whole old tree, its root is
        // known.
        if tree.lowerBound > 0 { parts.append(TreeNode.covering(tree)) }
        return ProofPlan(parts: parts.reversed())
    }

    /// Every hash that has to be read.
    package var nodes: [TreeNode] { parts.flatMap { $0 } }

    /// The tiles of a tree of this size that hold what has to be read, each once.
    package func tiles(in size: Int) -> [TileAddress] {
        var seen: Set<TileAddress> = []
        return nodes.map { TileAddress(holding: $0, in: size) }.filter { seen.insert($0).inserted }
    }

    /// Computes the proof, or the one root, from hashes.
    ///
    /// The closure is asked once for each of `nodes`, and its error is passed on.
    package func hashes<Failure: Error>(
        reading hash: (TreeNode) throws(Failure) -> MerkleHash
    ) throws(Failure) -> [MerkleHash] {
        var hashes: [MerkleHash] = []
        for part in parts {
            var subtrees: [MerkleHash] = []
            for node in part { subtrees.append(try hash(node)) }
            hashes.append(MerkleHash.root(of: subtrees))
        }
        return hashes
    }
}

extension Int {
    /// How many of a tree's leaves are below its left child: the largest power of two below it.
    fileprivate var leftCount: Int { 1 << (self - 1).topBit }
}
