import MerkleLog
import SeededRandom
import Testing

/// Bytes that nobody meant, from a fixed seed.
///
/// Whatever is accepted must be written back as the
/// same bytes: then two spellings of one statement do not exist.
@Suite("Foreign bytes")
struct FuzzTests {
    private static let rounds = 4_000 * FuzzLength.times
    private static let seed: UInt64 = 20_852_163

    private func fuzz(
        _ samples: [[UInt8]],
        rounds: Int = rounds,
        _ read: ([UInt8]) throws -> [UInt8]?
    ) {
        var numbers = SeededRandom(seed: Self.seed)
        var acceptedCount = 0
        for sample in samples {
            #expect((try? read(sample)) == sample, "the sample itself is accepted")
            for _ in 0..<rounds {
                let bytes = mutated(sample, &numbers)
                guard let written = (try? read(bytes)) ?? nil else { continue }
                acceptedCount += 1
                #expect(written == bytes, "seed \(Self.seed)")
            }
        }
    }

    /// One to four changes of the kinds that break parsers.
    private func mutated(_ sample: [UInt8], _ numbers: inout SeededRandom) -> [UInt8] {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            guard !bytes.isEmpty else { break }
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch Int.random(in: 0..<7, using: &numbers) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
            case 1: bytes = bytes.turned(at: place, bit: Int.random(in: 0..<8, using: &numbers))
            case 2: bytes.remove(at: place)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            case 4: bytes.removeSubrange(place...)
            case 5:
                let end = Int.random(in: place...bytes.count, using: &numbers)
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes[place] = [0x0A, 0x20, 0x2B, 0x2F, 0x30, 0x39, 0x3D, 0xE2][place % 8]
            }
        }
        return bytes
    }

    private func noise(_ count: Int) -> [[UInt8]] {
        var numbers = SeededRandom(seed: Self.seed)
        return (0..<count).map { _ in
            (0..<Int.random(in: 0...300, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
        }
    }

    @Test("notes and checkpoints")
    func notes() throws {
        let keys = try Keys()
        let note = try keys.cosignedNote(.small, 100)
        fuzz([note.bytes]) { try SignedNote($0).bytes }
        fuzz([Array(note.text.utf8)]) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            return Array(try Checkpoint(text).text.utf8)
        }
        fuzz([Array(keys.log.key.description.utf8)]) { bytes in
            Array(try VerifierKey(String(decoding: bytes, as: UTF8.self)).description.utf8)
        }
        for bytes in noise(2_000) {
            #expect(throws: NoteError.self) { try SignedNote(bytes) }
            #expect(throws: NoteError.self) { try NoteSignature.lines(bytes) }
        }
    }

    @Test("no change of a signed note passes for the log's own")
    func signedNotes() throws {
        let keys = try Keys()
        let note = try keys.note(.small, 100)
        var numbers = SeededRandom(seed: Self.seed)
        for _ in 0..<1_000 {
            let bytes = mutated(note.bytes, &numbers)
            guard bytes != note.bytes, let other = try? SignedNote(bytes),
                (try? other.verify([keys.log.key])) != nil
            else { continue }
            // Lines of other keys may be added; text and signature may not change.
            #expect(other.text.utf8.elementsEqual(note.text.utf8))
        }
    }

    @Test("witness requests and entries' proofs")
    func carriers() throws {
        let keys = try Keys()
        let tree = SampleTree.small
        let note = try keys.note(tree, 700)
        let request = try WitnessRequest(
            oldSize: 333,
            hashes: tree.consistency(from: 333, to: 700).hashes,
            note: note
        )
        fuzz([request.bytes]) { bytes in
            let request = try WitnessRequest(bytes)
            try? request.proof.verify(oldRoot: tree.root(333), newRoot: request.checkpoint.root)
            return request.bytes
        }
        let proof = try EntryProof(
            index: 444,
            hashes: tree.inclusion(of: 444, in: 700).hashes,
            note: note,
            extra: [1, 2, 3]
        )
        fuzz([proof.bytes]) { bytes in
            let proof = try EntryProof(bytes)
            try? proof.inclusion.verify(leaf: tree.leaves[444], root: proof.checkpoint.root)
            return proof.bytes
        }
        for bytes in noise(2_000) {
            #expect(throws: NoteError.self) { try WitnessRequest(bytes) }
            #expect(throws: NoteError.self) { try EntryProof(bytes) }
        }
    }

    @Test("tile paths, entry bundles and frontiers")
    func tiles() throws {
        let paths = ["/tile/0/x001/x234/067", "/tile/63/000.p/255", "/tile/entries/x012/345.p/1"]
        fuzz(paths.map { Array($0.utf8) }) { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            return TileAddress(path: text).map { Array($0.path.utf8) }
        }
        let address = try #require(TileAddress(.entries, index: 0, width: 5))
        fuzz([try EntryBundle(Array(SampleTree.small.records.prefix(5))).bytes]) {
            try EntryBundle($0, at: address).bytes
        }
        var frontier = TreeFrontier()
        for leaf in SampleTree.small.leaves.prefix(7) { frontier.append(leaf) }
        fuzz([frontier.bytes]) { try TreeFrontier($0).bytes }
        for bytes in noise(2_000) {
            #expect((try? TreeFrontier(bytes)) == nil)
            _ = try? EntryBundle(bytes, at: address)
        }
    }

    @Test("proofs of any shape between any sizes")
    func proofs() {
        var numbers = SeededRandom(seed: Self.seed)
        let hashes = SampleTree.small.leaves
        for _ in 0..<4_000 {
            let bound = Int.max >> Int.random(in: 0..<63, using: &numbers)
            let first = Int.random(in: -2...bound, using: &numbers)
            let second = Int.random(in: -2...bound, using: &numbers)
            let proof = Array(hashes.prefix(Int.random(in: 0...70, using: &numbers)))
            let inclusion = InclusionProof(index: first, size: second, hashes: proof)
            #expect((try? inclusion.verify(leaf: hashes[0], root: hashes[1])) == nil)
            let consistency = ConsistencyProof(old: first, new: second, hashes: proof)
            #expect((try? consistency.verify(oldRoot: hashes[0], newRoot: hashes[1])) == nil)
        }
    }
}
