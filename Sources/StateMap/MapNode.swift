internal import MerkleLog

/// A key and its value: a leaf of the tree.
struct MapEntry: Sendable {
    let key: MerkleHash
    var value: MerkleHash
}

/// Where a leaf or an inner node lies; the first bit of the number says which.
struct MapReference: Sendable, Equatable {
    /// How many leaves, and how many inner nodes, can be told apart.
    static let countMax: UInt32 = 1 << 31 - 1
    /// Of a tree without leaves.
    static let none = MapReference(number: .max)

    private static let leafBit: UInt32 = 1 << 31

    private let number: UInt32

    private init(number: UInt32) {
        self.number = number
    }

    init(leaf index: UInt32) {
        precondition(index < Self.countMax, "a map has fewer than two thousand million keys")
        number = index | Self.leafBit
    }

    init(node index: UInt32) {
        precondition(index < Self.countMax, "a map has fewer than two thousand million keys")
        number = index
    }

    var isLeaf: Bool { number & Self.leafBit != 0 }
    var index: UInt32 { number & ~Self.leafBit }
}

/// An inner node without its hash: where its sides part, and what is on each.
struct MapNode: Sendable {
    /// What is true of a node only until the next version is published.
    private struct Marks: OptionSet {
        let rawValue: UInt8

        /// What is on this side is not part of the published version.
        static let leftIsNew = Marks(rawValue: 1)
        static let rightIsNew = Marks(rawValue: 2)
        /// The hash is not that of what is on the sides now.
        static let isStale = Marks(rawValue: 4)
    }

    private var left: MapReference
    private var right: MapReference
    let bit: UInt8
    private var marks: Marks = .isStale

    init(bit: UInt8, left: MapReference, right: MapReference) {
        self.bit = bit
        self.left = left
        self.right = right
    }

    var isStale: Bool {
        get { marks.contains(.isStale) }
        set { if newValue { marks.insert(.isStale) } else { marks.remove(.isStale) } }
    }

    subscript(side: Bool) -> MapReference { side ? right : left }

    func isNew(_ side: Bool) -> Bool { marks.contains(side ? .rightIsNew : .leftIsNew) }

    mutating func put(_ reference: MapReference, on side: Bool, isNew: Bool) {
        if side { right = reference } else { left = reference }
        let mark: Marks = side ? .rightIsNew : .leftIsNew
        if isNew { marks.insert(mark) } else { marks.remove(mark) }
    }

    /// A copy for the next version, whose sides are the published ones.
    var copied: MapNode { MapNode(bit: bit, left: left, right: right) }

    mutating func settle() { marks = [] }
}
