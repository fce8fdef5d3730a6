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
        let ownBit = parting(own)
        let otherBit = map.parting(other)
        guard min(ownBit, otherBit) < MerkleHash.bitCount else {
            return compare(leaves[own.index], map.leaves[other.index], max, &found)
        }
        // Whichever parts later stands wholly on one side of the other.
        for side in [false, true] {
            let ownSide = part(own, ownBit, side, at: min(ownBit, otherBit))
            let otherSide = map.part(other, otherBit, side, at: min(ownBit, otherBit))
            compare(ownSide, map, otherSide, max, &found)
        }
    }

    private func compare(
        _ own: MapEntry,
        _ other: MapEntry,
        _ max: Int,
        _ found: inout [MapDifference]
    ) {
        guard let bit = own.key.firstDifference(from: other.key) else {
            let pair = MapDifference(key: own.key, own: own.value, other: other.value)
            return found.append(pair)
        }
        let ownOnly = MapDifference(key: own.key, own: own.value, other: nil)
        let otherOnly = MapDifference(key: other.key, own: nil, other: other.value)
        let both = own.key.bit(bit) ? [otherOnly, ownOnly] : [ownOnly, otherOnly]
        found += both.prefix(max - found.count)
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
        var sample = reference
        while !sample.isLeaf { sample = nodes[sample.index][false] }
        return leaves[sample.index].key.bit(UInt8(bit)) == side ? reference : .none
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
