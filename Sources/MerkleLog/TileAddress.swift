/// Where a tile or an entry bundle stands, and how wide it is (C2SP `tlog-tiles`).
package struct TileAddress: Sendable, Hashable {
    /// A tile is a subtree of this height.
    package static let height = 8
    /// How many hashes, or entries, a full tile has.
    package static let fullWidth = 1 << height
    /// The highest level that the specification has a name for.
    package static let levelMax = 63

    /// What a tile holds.
    package enum Layer: Sendable, Hashable {
        /// Hashes; at level 0 of leaves, above of full tiles of the level below.
        case hashes(level: Int)
        /// The records themselves, side by side with the tiles of level 0.
        case entries
    }

    /// What it holds.
    package let layer: Layer
    /// Place within its layer.
    package let index: Int
    /// How much it holds: 256 when full, less at the right edge of a tree, never nothing.
    package let width: Int

    private static let indexMax = Int.max >> height - 1

    /// Names a tile; nil for what no tile can be.
    package init?(_ layer: Layer, index: Int, width: Int = fullWidth) {
        if case .hashes(let level) = layer {
            guard (0...Self.levelMax).contains(level) else { return nil }
        }
        guard (0...Self.indexMax).contains(index), (1...Self.fullWidth).contains(width) else {
            return nil
        }
        self.layer = layer
        self.index = index
        self.width = width
    }

    /// The tile that holds a node, as wide as it is in a tree of this size.
    ///
    /// Nodes between the levels of tiles are computed from the hashes below them.
    init(holding node: TreeNode, in size: Int) {
        precondition(node.leaves.upperBound <= size, "the node lies beyond the tree")
        let level = node.level / Self.height
        layer = .hashes(level: level)
        index = node.index << (node.level % Self.height) / Self.fullWidth
        width = min(Self.fullWidth, size >> (level * Self.height) - index * Self.fullWidth)
    }

    private init(unchecked layer: Layer, index: Int, width: Int) {
        self.layer = layer
        self.index = index
        self.width = width
    }

    /// Whether it holds as much as it can, so that it will never be replaced by a wider one.
    package var isFull: Bool { width == Self.fullWidth }

    /// Whether a tree of this size has everything that it holds.
    package func isWithin(_ size: Int) -> Bool {
        let level = if case .hashes(let level) = layer { level } else { 0 }
        return index * Self.fullWidth + width <= size >> (level * Self.height)
    }

    /// The tiles that a tree of this size has, and an older tree had not.
    ///
    /// Per level from below: the full ones from left to right, then the partial one. Every one that
    /// is not full replaces a narrower one, or is the first at its place.
    package static func grown(from old: Int, to new: Int) -> [TileAddress] {
        precondition(old >= 0 && old <= new, "a tree does not shrink")
        var addresses: [TileAddress] = []
        var level = 0
        while level <= levelMax, new >> (level * height) > 0 {
            addresses += grown(
                .hashes(level: level),
                from: old >> (level * height),
                to: new >> (level * height)
            )
            level += 1
        }
        return addresses
    }

    /// The entry bundles that a tree of this size has, and an older tree had not.
    package static func bundlesGrown(from old: Int, to new: Int) -> [TileAddress] {
        precondition(old >= 0 && old <= new, "a tree does not shrink")
        return grown(.entries, from: old, to: new)
    }

    private static func grown(_ layer: Layer, from old: Int, to new: Int) -> [TileAddress] {
        guard old < new else { return [] }
        let full = (old / fullWidth..<new / fullWidth).map {
            TileAddress(unchecked: layer, index: $0, width: fullWidth)
        }
        let rest = new % fullWidth
        guard rest > 0 else { return full }
        return full + [TileAddress(unchecked: layer, index: new / fullWidth, width: rest)]
    }
}
