import Foundation
import MerkleLog
import StateMap
import Testing

/// The known-answer tests of WAICT's "Merkle Patricia Tree spec" (waict-wg/waict-transparency-spec,
/// `merkle-patricia-tree-tests`, CC0), which are also compatible with the Go team's `mpt`.
@Suite("WAICT's known answers")
struct WAICTVectorTests {
    struct Leaf: Decodable {
        var key: Data
        var value: Data
    }

    struct Vector: Decodable {
        var label: String
        var root: Data
        var leaves: [Leaf]
        var target_index: Int?
        var proof: Data?
    }

    private func vectors(_ name: String) throws -> [Vector] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = try Data(contentsOf: folder.appendingPathComponent(name))
        return try file.split(separator: 0x0A).map {
            try JSONDecoder().decode(Vector.self, from: Data($0))
        }
    }

    private func hash(_ data: Data) throws -> MerkleHash { try #require(MerkleHash(data)) }

    private func map(_ vector: Vector) throws -> MerkleMap {
        var map = MerkleMap()
        for leaf in vector.leaves { map.set(try hash(leaf.value), for: try hash(leaf.key)) }
        map.publish()
        return map
    }

    @Test("every root is the one that they computed")
    func roots() throws {
        let vectors = try vectors("mpt_root_kats.jsonl")
        #expect(vectors.count == 24)
        for vector in vectors {
            let root = try map(vector).root
            #expect(root == (try hash(vector.root)), "\(vector.label)")
        }
    }

    @Test("every inclusion proof has the bytes that they computed, and proves the value")
    func inclusion() throws {
        let vectors = try vectors("mpt_inclusion_kats.jsonl")
        #expect(vectors.count == 36)
        for vector in vectors {
            let leaf = vector.leaves[try #require(vector.target_index)]
            let proof = try map(vector).proof(for: hash(leaf.key))
            #expect(proof.bytes == Array(try #require(vector.proof)), "\(vector.label)")
            let read = try MapProof(Array(try #require(vector.proof)))
            let value = try read.verify(key: hash(leaf.key), root: hash(vector.root))
            #expect(value == (try hash(leaf.value)), "\(vector.label)")
        }
    }

    @Test("what a verifier lets pass that leaves out one check is refused")
    func weakVerifier() throws {
        let vectors = try vectors("mpt_weak_kats.jsonl")
        #expect(vectors.count == 5)
        for vector in vectors {
            let leaf = vector.leaves[0]
            let proof = Array(try #require(vector.proof))
            let found = try? MapProof(proof).verify(key: hash(leaf.key), root: hash(vector.root))
            let claimed = try hash(leaf.value)
            #expect(found == nil || found != claimed, "\(vector.label)")
        }
    }
}
