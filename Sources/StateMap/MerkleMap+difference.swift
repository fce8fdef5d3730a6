package import MerkleLog

/// A key under which two maps hold different values; nil where one holds none.
package struct MapDifference: Sendable, Equatable {
    package let key: MerkleHash
    package let own: MerkleHash?
    package let other: MerkleHash?
}

extension MerkleMap {
    /// Where the published versions of two maps differ, by ascending keys, at most so many.
    ///
    /// Walks down only where hashes differ, so the time grows with the differences, not with the
    /// maps.
    package func differences(from other: borrowing MerkleMap, max: Int) -> [MapDifference] {
        var found: [MapDifference] = []
        compare(published, other, other.published, max, &found)
        return found
    }

    private func compare(
        _ own: MapReference,
        _ map: borrowing MerkleMap,
        _ other: MapReference,
        _ max: Int,
        _ found: inout [MapDifference]
    ) {
        guard found.count < max else { return }
        if other == .none { return list(own, max, &found, isOwn: true) }
        if own == .none { return map.list(other, max, &found, isOwn: false) }
        guard hash(of: own) != map.hash(of: other) else { return }
        let (ownBit, otherBit) = (parting(own), map.parting(other))
        let apart = sample(own).key.firstDifference(from: map.sample(other).key)
        let bit = min(ownBit, otherBit, apart.map { Int($0) } ?? MerkleHash.bitCount)
        guard bit < MerkleHash.bitCount else {
            let (left, right) = (sample(own), map.sample(other))
            return found.append(
                MapDifference(key: left.key, own: left.value, other: right.value)
            )
        }
        // Below this bit all keys of both are the same, so the sides are in the order of keys.
        for side in [false, true] {
            let ownSide = part(own, ownBit, side, at: bit)
            compare(ownSide, map, map.part(other, otherBit, side, at: bit), max, &found)
        }
    }

    /// The bit at which a node parts; 256 of a leaf.
    private func parting(_ reference: MapReference) -> Int {
        reference.isLeaf ? MerkleHash.bitCount : Int(nodes[reference.index].bit)
    }

    /// What of a subtree, which parts at this bit or later, stands on this side of a bit.
    private func part(
        _ reference: MapReference,
        _ own: Int,
        _ side: Bool,
        at bit: Int
    ) -> MapReference {
        if own == bit { return nodes[reference.index][side] }
        return sample(reference).key.bit(UInt8(bit)) == side ? reference : .none
    }

    /// Any leaf below.
    private func sample(_ reference: MapReference) -> MapEntry {
        var sample = reference
        while !sample.isLeaf { sample = nodes[sample.index][false] }
        return leaves[sample.index]
    }

    /// Everything in a subtree, as being in one map only.
    private func list(
        _ reference: MapReference,
        _ max: Int,
        _ found: inout [MapDifference],
        isOwn: Bool
    ) {
        guard reference != .none, found.count < max else { return }
        guard reference.isLeaf else {
            for side in [false, true] {
                list(nodes[reference.index][side], max, &found, isOwn: isOwn)
            }
            return
        }
        let entry = leaves[reference.index]
        found.append(
            MapDifference(
                key: entry.key,
                own: isOwn ? entry.value : nil,
                other: isOwn ? nil : entry.value
            )
        )
    }
}
