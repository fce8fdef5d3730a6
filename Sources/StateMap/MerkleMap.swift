package import MerkleLog

/// A Merkle Patricia tree in memory: 32 bytes under each of any number of keys of 32 bytes, one root
/// over all, and proofs of what is there and what is not.
///
/// The hashes are those of the Go team's `mpt` and of WAICT's "Merkle Patricia Tree spec". The root
/// depends on what the map holds, and on nothing else.
///
/// There are two versions. `set` and `remove` change the next one; `nextRoot` hashes each node that
/// changed once, however many changes there were below it. What is read and proved is the published
/// version, until `publish` puts the next one in its place: so proofs go on while the next root is
/// written to a log. Nodes of the published version are never changed, only replaced.
///
/// A key takes 108 bytes. Times of `set`, `remove` and `proof` grow with the logarithm of the count.
package struct MerkleMap: ~Copyable, Sendable {
    var leaves = Blocks<MapEntry>()
    var nodes = Blocks<MapNode>()
    private var hashes = Blocks<MerkleHash>()

    private var freeLeaves: [UInt32] = []
    private var freeNodes: [UInt32] = []
    /// Of the published version, and no more of the next one.
    private var retiredLeaves: [UInt32] = []
    private var retiredNodes: [UInt32] = []

    private(set) var published = MapReference.none
    private(set) var next = MapReference.none
    private var isNextNew = false

    /// How many keys the published version has.
    package private(set) var count = 0
    /// The root of the published version.
    package private(set) var root = MerkleHash.emptyTree
    /// How many keys the next version has.
    package private(set) var nextCount = 0

    /// Begins without keys, published.
    package init() {}

    /// Puts a value under a key of the next version.
    package mutating func set(_ value: MerkleHash, for key: MerkleHash) {
        guard next != .none else {
            next = newLeaf(key, value)
            isNextNew = true
            nextCount = 1
            return
        }
        let found = leaves[leaf(of: key, below: next)]
        guard let parting = key.firstDifference(from: found.key) else {
            if found.value != value { replace(key, value) }
            return
        }
        let edge = way(to: key, until: Int(parting))
        let (below, isNew) = at(edge)
        let leaf = newLeaf(key, value)
        var node = MapNode(bit: parting, left: below, right: below)
        let side = key.bit(parting)
        node.put(leaf, on: side, isNew: true)
        node.put(below, on: !side, isNew: isNew)
        put(newNode(node), at: edge, isNew: true)
        nextCount += 1
    }

    /// Takes a key out of the next version; false where it is not in it.
    @discardableResult
    package mutating func remove(_ key: MerkleHash) -> Bool {
        guard next != .none, leaves[leaf(of: key, below: next)].key == key else { return false }
        nextCount -= 1
        var edge = Edge.top
        while true {
            let (reference, isNew) = at(edge)
            guard !reference.isLeaf else {
                // Only where it is the only key.
                drop(reference, isNew: isNew)
                put(.none, at: edge, isNew: false)
                return true
            }
            let node = nodes[reference.index]
            let side = key.bit(node.bit)
            if node[side].isLeaf {
                drop(node[side], isNew: node.isNew(side))
                drop(reference, isNew: isNew)
                put(node[!side], at: edge, isNew: node.isNew(!side))
                return true
            }
            edge = .below(own(edge), side)
        }
    }

    /// The root of the next version.
    package mutating func nextRoot() -> MerkleHash {
        next == .none ? .emptyTree : hashed(next, isNew: isNextNew)
    }

    /// Makes the next version the published one.
    package mutating func publish() {
        root = nextRoot()
        if isNextNew, !next.isLeaf { settle(next) }
        isNextNew = false
        published = next
        count = nextCount
        freeLeaves += retiredLeaves
        freeNodes += retiredNodes
        retiredLeaves = []
        retiredNodes = []
    }

    /// What the published version holds under a key.
    package func value(for key: MerkleHash) -> MerkleHash? {
        guard published != .none else { return nil }
        let found = leaves[leaf(of: key, below: published)]
        return found.key == key ? found.value : nil
    }

    /// Proves what `value(for:)` says.
    package func proof(for key: MerkleHash) -> MapProof {
        guard published != .none else { return MapProof(end: .empty, steps: []) }
        var steps: [MapProof.Step] = []
        var reference = published
        while !reference.isLeaf {
            let node = nodes[reference.index]
            let side = key.bit(node.bit)
            steps.append(MapProof.Step(bit: node.bit, neighbour: hash(of: node[!side])))
            reference = node[side]
        }
        let found = leaves[reference.index]
        return MapProof(
            end: found.key == key
                ? .present(found.value) : .other(key: found.key, value: found.value),
            steps: steps.reversed()
        )
    }

    /// The leaf where a key is, or would be compared.
    func leaf(of key: MerkleHash, below start: MapReference) -> UInt32 {
        var reference = start
        while !reference.isLeaf {
            let node = nodes[reference.index]
            reference = node[key.bit(node.bit)]
        }
        return reference.index
    }

    /// The hash of what is not stale.
    func hash(of reference: MapReference) -> MerkleHash {
        guard reference.isLeaf else { return hashes[reference.index] }
        let entry = leaves[reference.index]
        return MerkleHash(key: entry.key, value: entry.value)
    }
}

/// How the next version comes about.
extension MerkleMap {
    /// Where a reference stands in the next version.
    private enum Edge {
        case top
        case below(UInt32, Bool)
    }

    private func at(_ edge: Edge) -> (MapReference, isNew: Bool) {
        switch edge {
        case .top: (next, isNextNew)
        case .below(let index, let side): (nodes[index][side], nodes[index].isNew(side))
        }
    }

    private mutating func put(_ reference: MapReference, at edge: Edge, isNew: Bool) {
        switch edge {
        case .top:
            next = reference
            isNextNew = isNew
        case .below(let index, let side): nodes[index].put(reference, on: side, isNew: isNew)
        }
    }

    /// Makes sure that the inner node here is the next version's own, and stale; gives its index.
    private mutating func own(_ edge: Edge) -> UInt32 {
        let (reference, isNew) = at(edge)
        let node = nodes[reference.index]
        guard !isNew else {
            if !node.isStale { nodes[reference.index].isStale = true }
            return reference.index
        }
        let copy = newNode(node.copied)
        drop(reference, isNew: false)
        put(copy, at: edge, isNew: true)
        return copy.index
    }

    /// Owns the way of a key down to a leaf, or to the first node that parts at this bit or later.
    private mutating func way(to key: MerkleHash, until bit: Int) -> Edge {
        var edge = Edge.top
        while true {
            let (reference, _) = at(edge)
            guard !reference.isLeaf, Int(nodes[reference.index].bit) < bit else { return edge }
            let index = own(edge)
            edge = .below(index, key.bit(nodes[index].bit))
        }
    }

    private mutating func replace(_ key: MerkleHash, _ value: MerkleHash) {
        let edge = way(to: key, until: MerkleHash.bitCount)
        let (reference, isNew) = at(edge)
        guard !isNew else {
            leaves[reference.index].value = value
            return
        }
        drop(reference, isNew: false)
        put(newLeaf(key, value), at: edge, isNew: true)
    }

    private mutating func newLeaf(_ key: MerkleHash, _ value: MerkleHash) -> MapReference {
        let entry = MapEntry(key: key, value: value)
        if let index = freeLeaves.popLast() {
            leaves[index] = entry
            return MapReference(leaf: index)
        }
        leaves.append(entry)
        return MapReference(leaf: leaves.count - 1)
    }

    private mutating func newNode(_ node: MapNode) -> MapReference {
        if let index = freeNodes.popLast() {
            nodes[index] = node
            return MapReference(node: index)
        }
        nodes.append(node)
        hashes.append(.emptyTree)
        return MapReference(node: nodes.count - 1)
    }

    /// Gives up what the next version does not have any more.
    private mutating func drop(_ reference: MapReference, isNew: Bool) {
        switch (reference.isLeaf, isNew) {
        case (true, true): freeLeaves.append(reference.index)
        case (true, false): retiredLeaves.append(reference.index)
        case (false, true): freeNodes.append(reference.index)
        case (false, false): retiredNodes.append(reference.index)
        }
    }

    /// The hash of what stands here, made anew where something below has changed.
    ///
    /// What is not new has not changed, so it need not be looked into.
    private mutating func hashed(_ reference: MapReference, isNew: Bool) -> MerkleHash {
        guard isNew, !reference.isLeaf else { return hash(of: reference) }
        var node = nodes[reference.index]
        guard node.isStale else { return hashes[reference.index] }
        let hash = MerkleHash(
            hashed(node[false], isNew: node.isNew(false)),
            hashed(node[true], isNew: node.isNew(true)),
            partingAt: node.bit
        )
        node.isStale = false
        nodes[reference.index] = node
        hashes[reference.index] = hash
        return hash
    }

    /// Everything new below becomes part of the published version.
    private mutating func settle(_ reference: MapReference) {
        var node = nodes[reference.index]
        if node.isNew(false), !node[false].isLeaf { settle(node[false]) }
        if node.isNew(true), !node[true].isLeaf { settle(node[true]) }
        node.settle()
        nodes[reference.index] = node
    }
}
