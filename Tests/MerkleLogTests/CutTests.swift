import MerkleLog
import SeededRandom
import Testing

@Suite("Cuts over several logs")
struct CutTests {
    private static func cut(_ random: inout SeededRandom) throws -> Cut {
        let pairs = Int.random(in: 1...9, using: &random)
        return try Cut(
            name: "token-ledger/0123456789abcdef/cut",
            trees: (0..<2 * pairs).map { number in
                Cut.Tree(
                    size: Int.random(in: 0...Int.max, using: &random),
                    root: MerkleHash(leaf: [UInt8(number)])
                )
            }
        )
    }

    @Test("a cut is read back as what it was, in its one spelling")
    func readBack() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var refused = 0
        for _ in 0..<300 * FuzzLength.times {
            let cut = try Self.cut(&random)
            let read = try Cut(cut.text)
            #expect(read == cut && read.trees == cut.trees, "seed \(seed)")
            #expect(throws: NoteError.self) { try Checkpoint(cut.text) }
            var bytes = Array(cut.text.utf8)
            let index = Int.random(in: 0..<bytes.count, using: &random)
            if Bool.random(using: &random) {
                bytes[index] = UInt8.random(in: 0x0A...0x7A, using: &random)
            } else {
                bytes.remove(at: index)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let altered = try? Cut(text) else {
                refused += 1
                continue
            }
            #expect(altered.text.isIdentical(to: text), "seed \(seed)")
        }
        #expect(refused > 100, "seed \(seed): \(refused)")
    }

    @Test("what is no cut is none")
    func refused() throws {
        let root = "\(MerkleHash(leaf: [1]))"
        let sound = "a/cut\n1\n0 5 \(root)\n1 0 \(root)\n"
        #expect(try Cut(sound).pairs == 1)
        for text in [
            "", "a/cut\n", "a/cut\n0\n", "a/cut\n1\n", "\n1\n0 5 \(root)\n1 0 \(root)\n",
            sound + "\n", sound + "2 0 \(root)\n", String(sound.dropLast()),
            "a/cut\n1\n1 5 \(root)\n0 0 \(root)\n", "a/cut\n1\n0 05 \(root)\n1 0 \(root)\n",
            "a/cut\n1\n0 -5 \(root)\n1 0 \(root)\n", "a/cut\n1\n0 5  \(root)\n1 0 \(root)\n",
            "a/cut\n513\n",
        ] {
            #expect(throws: NoteError.malformedCut) { try Cut(text) }
        }
    }

    @Test("a key has another log's name, and that of the cuts, as its own")
    func names() throws {
        let seed = [UInt8](repeating: 1, count: 32)
        let key = try NoteSigner(name: "token-ledger/x/0", seed: seed).key
        let signer = try NoteSigner(name: "token-ledger/x/cut", seed: seed)
        #expect(key.named(VerifierKey.cutName) == signer.key)
        #expect(try NoteSigner(name: "x", seed: seed).key.named("2") == nil)
        let note = try signer.sign("token-ledger/x/cut\n")
        #expect(throws: NoteError.notSignedByKnownKey) { try note.verify([key]) }
    }
}
