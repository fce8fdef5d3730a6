import MerkleLog
import SeededRandom
import StateMap
import Testing

@Suite("The map", .timeLimit(.minutes(5)))
struct MerkleMapTests {
    private static let seed: UInt64 = 65_000_013

    private func holding(_ entries: SampleEntries) -> MerkleMap { .holding(entries.pairs) }

    @Test("its root is that of the definition, in whatever order its keys came")
    func order() {
        var numbers = SeededRandom(seed: Self.seed)
        for count in [0, 1, 2, 3, 7, 40, 300] {
            let entries = numbers.entries(count)
            let root = MapDefinition.root(entries)
            for _ in 0..<5 {
                let shuffled = entries.pairs.shuffled(using: &numbers)
                let map = MerkleMap.holding(shuffled)
                let (own, size) = (map.root, map.count)
                #expect(own == root)
                #expect(size == count)
            }
        }
    }

    @Test("whatever is set, set anew and removed, root, count and values are those of what is left")
    func changes() {
        var numbers = SeededRandom(seed: Self.seed)
        var map = MerkleMap()
        var entries = SampleEntries()
        for round in 0..<400 {
            for _ in 0..<Int.random(in: 0...12, using: &numbers) {
                switch Int.random(in: 0..<5, using: &numbers) {
                case 0, 1:
                    let any = entries.keys.randomElement(using: &numbers)
                    let key = any.map { numbers.near($0) } ?? numbers.hash()
                    let value = numbers.hash()
                    map.set(value, for: key)
                    entries[key] = value
                case 2:
                    guard let key = entries.keys.randomElement(using: &numbers) else { continue }
                    let value = numbers.hash()
                    map.set(value, for: key)
                    entries[key] = value
                default:
                    guard let key = entries.keys.randomElement(using: &numbers) else { continue }
                    let isRemoved = map.remove(key)
                    #expect(isRemoved)
                    entries[key] = nil
                    let isThere = map.remove(key)
                    #expect(!isThere)
                }
            }
            if round % 3 == 0 { _ = map.nextRoot() }
            if round % 4 == 0 { map.publish() }
            let (next, size) = (map.nextRoot(), map.nextCount)
            #expect(next == MapDefinition.root(entries), "round \(round)")
            #expect(size == entries.keys.count)
        }
        map.publish()
        for (key, value) in entries.pairs {
            let held = map.value(for: key)
            #expect(held == value)
        }
    }

    @Test("what is read and proved stays that of the published version until the next one is")
    func versions() throws {
        var numbers = SeededRandom(seed: Self.seed)
        var entries = numbers.entries(200)
        var map = holding(entries)
        for round in 0..<60 {
            let (root, before) = (map.root, entries)
            for _ in 0..<20 {
                guard let key = entries.keys.randomElement(using: &numbers) else { continue }
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0:
                    let key = numbers.near(key)
                    entries[key] = numbers.hash()
                    map.set(try #require(entries[key]), for: key)
                case 1:
                    entries[key] = numbers.hash()
                    map.set(try #require(entries[key]), for: key)
                default:
                    entries[key] = nil
                    map.remove(key)
                }
                _ = map.nextRoot()
            }
            let count = map.count
            #expect(count == before.keys.count)
            for key in Set(before.keys).union(entries.keys) {
                let value = try map.proof(for: key).verify(key: key, root: root)
                #expect(value == before[key], "round \(round)")
            }
            map.publish()
            let next = map.root
            #expect(next == MapDefinition.root(entries))
        }
    }

    @Test("a proof shows presence and absence, and for no other key, value or root")
    func proofs() throws {
        var numbers = SeededRandom(seed: Self.seed)
        for count in [0, 1, 2, 17, 120] {
            let entries = numbers.entries(count)
            let map = holding(entries)
            let root = map.root
            for (key, value) in entries.pairs {
                let proof = map.proof(for: key)
                #expect(try proof.verify(key: key, root: root) == value)
                #expect(try MapProof(proof.bytes) == proof)
                let other = numbers.near(key)
                let otherProof = map.proof(for: other)
                #expect(try otherProof.verify(key: other, root: root) == entries[other])
                #expect(throws: MapProofError.self) {
                    try proof.verify(key: key, root: numbers.near(root))
                }
                // A proof of presence says nothing of another key.
                #expect((try? proof.verify(key: other, root: root)) == nil || count == 0)
            }
            let absent = numbers.hash()
            let proof = map.proof(for: absent)
            #expect(try proof.verify(key: absent, root: root) == nil)
            #expect(try MapProof(proof.bytes) == proof)
        }
    }

    @Test("no proof of another key denies one that is there")
    func forgedAbsence() throws {
        var numbers = SeededRandom(seed: Self.seed)
        let entries = numbers.entries(200)
        let map = holding(entries)
        let root = map.root
        for key in entries.keys {
            for other in entries.keys {
                // The other key's own way, handed out as that of a key which is found instead.
                let bytes = map.proof(for: other).bytes
                let denial = Array(bytes[..<8]) + [0] + other.bytes + bytes[9...]
                let proof = try MapProof(denial)
                #expect(throws: MapProofError.self) { try proof.verify(key: key, root: root) }
            }
            #expect(throws: MapProofError.self) {
                try MapProof(Array("mptproof".utf8) + [0]).verify(key: key, root: root)
            }
        }
    }

    @Test("the differences of two maps are exactly those of what they hold, in order")
    func differences() {
        var numbers = SeededRandom(seed: Self.seed)
        for count in [0, 1, 2, 30, 400] {
            let entries = numbers.entries(count)
            for changes in [0, 1, 5, count] {
                var others = entries
                for _ in 0..<changes {
                    let key = others.keys.randomElement(using: &numbers) ?? numbers.hash()
                    switch Int.random(in: 0..<3, using: &numbers) {
                    case 0: others[key] = nil
                    case 1: others[key] = numbers.hash()
                    default: others[numbers.near(key)] = numbers.hash()
                    }
                }
                let map = holding(entries)
                let other = holding(others)
                let found = map.differences(from: other, max: .max)
                let keys = Set(entries.keys).union(others.keys)
                    .filter { entries[$0] != others[$0] }
                    .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
                #expect(found.map(\.key) == keys)
                for one in found {
                    #expect(one.own == entries[one.key])
                    #expect(one.other == others[one.key])
                }
                let some = map.differences(from: other, max: 3)
                #expect(some.map(\.key) == Array(keys.prefix(3)))
            }
        }
    }

    @Test("a way whose bits do not get smaller is no way, whatever root it leads to")
    func risingBits() throws {
        var numbers = SeededRandom(seed: Self.seed)
        let (key, value) = (numbers.hash(), numbers.hash())
        for bits in [[50, 100], [50, 50], [255, 0, 1]] as [[UInt8]] {
            var bytes = Array("mptproof".utf8) + [1] + value.bytes
            var hash = MerkleHash(key: key, value: value)
            for bit in bits {
                let side = numbers.hash()
                bytes += [bit] + side.bytes
                hash =
                    key.bit(bit)
                    ? MerkleHash(side, hash, partingAt: bit)
                    : MerkleHash(hash, side, partingAt: bit)
            }
            let proof = try MapProof(bytes)
            #expect(throws: MapProofError.bitsOutOfOrder) { try proof.verify(key: key, root: hash) }
        }
    }
}
