import MerkleLog
import SeededRandom
import StateMap

/// The tree by its definition, made anew from all keys: slow, and nothing to get wrong.
enum MapDefinition {
    static func root(_ entries: SampleEntries) -> MerkleHash {
        let sorted = entries.pairs.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        return root(sorted[...])
    }

    private static func root(
        _ entries: ArraySlice<(key: MerkleHash, value: MerkleHash)>
    ) -> MerkleHash {
        guard let first = entries.first, let last = entries.last else { return .emptyTree }
        guard let bit = (0..<256).first(where: { isSet(first.key, $0) != isSet(last.key, $0) })
        else { return MerkleHash(sha256: first.key.bytes + first.value.bytes) }
        let split = entries.firstIndex { isSet($0.key, bit) } ?? entries.endIndex
        let sides = root(entries[..<split]).bytes + root(entries[split...]).bytes
        return MerkleHash(sha256: sides + [UInt8(bit)])
    }

    private static func isSet(_ hash: MerkleHash, _ bit: Int) -> Bool {
        hash.bytes[bit / 8] >> (7 - bit % 8) & 1 == 1
    }
}

extension SeededRandom {
    mutating func hash() -> MerkleHash {
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &self) }
        guard let hash = MerkleHash(bytes) else { preconditionFailure("32 bytes are a hash.") }
        return hash
    }

    /// Keys that have much in common, so that nodes part at every bit.
    mutating func near(_ key: MerkleHash) -> MerkleHash {
        var bytes = key.bytes
        let bit = Int.random(in: 0..<256, using: &self)
        bytes[bit / 8] ^= 1 << UInt8(7 - bit % 8)
        guard let hash = MerkleHash(bytes) else { preconditionFailure("32 bytes are a hash.") }
        return hash
    }

    mutating func entries(_ count: Int) -> SampleEntries {
        var entries = SampleEntries()
        var last = hash()
        while entries.keys.count < count {
            last = Bool.random(using: &self) ? hash() : near(last)
            entries[last] = hash()
        }
        return entries
    }
}

/// What a map should hold, with its keys in an order that is the same in every run.
struct SampleEntries {
    private(set) var values: [MerkleHash: MerkleHash] = [:]
    private(set) var keys: [MerkleHash] = []

    subscript(key: MerkleHash) -> MerkleHash? {
        get { values[key] }
        set {
            let isThere = values[key] != nil
            values[key] = newValue
            if newValue != nil, !isThere { keys.append(key) }
            if newValue == nil, isThere { keys.removeAll { $0 == key } }
        }
    }

    var pairs: [(key: MerkleHash, value: MerkleHash)] {
        keys.compactMap { key in values[key].map { (key: key, value: $0) } }
    }
}

extension MerkleMap {
    /// A map with these entries, published.
    static func holding(_ entries: some Sequence<(key: MerkleHash, value: MerkleHash)>) -> MerkleMap
    {
        var map = MerkleMap()
        for entry in entries { map.set(entry.value, for: entry.key) }
        map.publish()
        return map
    }
}
