/// A perfect subtree, named by its place: `1 << level` leaves from `index << level` on.
///
/// Once its leaves exist its hash never changes, however the tree grows. Every root and every
/// proof is made of such hashes.
package struct TreeNode: Sendable, Hashable {
    /// Height above the leaves; 0 is a leaf.
    package let level: Int
    /// Place among the nodes of the level.
    package let index: Int

    /// The leaves below it.
    package var leaves: Range<Int> { index << level..<(index + 1) << level }

    /// The perfect subtrees of a part of a tree, the largest first.
    ///
    /// The part has to begin where RFC 6962 would begin it: at a multiple of a power of two that
    /// is at least its length.
    static func covering(_ part: Range<Int>) -> [TreeNode] {
        var nodes: [TreeNode] = []
        var start = part.lowerBound
        while start < part.upperBound {
            let level = (part.upperBound - start).topBit
            nodes.append(TreeNode(level: level, index: start >> level))
            start += 1 << level
        }
        return nodes
    }
}

extension Int {
    /// The number of its highest bit that is set; the number must be positive.
    var topBit: Int { Int.bitWidth - 1 - leadingZeroBitCount }

    /// Whether it is 1, 2, 4, 8 and so on.
    var isPowerOfTwo: Bool { nonzeroBitCount == 1 && self > 0 }
}
