import Foundation
import MerkleLog
import Testing

/// Our verdicts against those of a verifier that shares no code with us.
@Suite("The independent verifier")
struct VerifierTests {
    private typealias Question = IndependentVerifier.Question

    private let tree = SampleTree.small
    private let keys: Keys
    private var logKeys: [VerifierKey] { [keys.log.key] }

    init() throws {
        keys = try Keys()
    }

    /// Asks, and expects the same verdicts as ours; gives how many were accepted.
    @discardableResult
    private func compare(_ questions: [Question], _ ours: [Bool]) async throws -> Int {
        let answers = try await IndependentVerifier.ask(questions)
        for (index, answer) in answers.enumerated() {
            #expect(answer.accepted == ours[index], "question \(index): \(answer.message)")
        }
        return answers.count(where: \.accepted)
    }

    private func question(
        _ command: String,
        keys: [VerifierKey]? = nil,
        _ files: [String: [UInt8]]
    ) -> Question {
        Question(
            command,
            keys: (keys ?? logKeys).map(\.description),
            origin: Keys.origin,
            files: files
        )
    }

    /// The bytes with each one changed in turn, the bit differing from byte to byte.
    private func mutations(_ bytes: [UInt8], every step: Int = 1) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: step).map { bytes.turned(at: $0, bit: $0 % 8) }
    }

    @Test("it accepts our checkpoints and cosignatures, and refuses every changed byte")
    func checkpoints() async throws {
        let known = [keys.log.key, keys.witness.key]
        let notes = try [0, 1, 255, 1_024].map { try keys.cosignedNote(tree, $0).bytes }
        let questions = (notes + mutations(notes[3])).map {
            question("checkpoint", keys: known, ["note": $0])
        }
        let ours = (notes + mutations(notes[3])).map { bytes in
            (try? Checkpoint(
                verifying: SignedNote(bytes),
                origin: Keys.origin,
                keys: known
            )) != nil
        }
        let accepted = try await compare(questions, ours)
        // A changed name or id makes one of the two signatures an unknown one, which is ignored;
        // any other change is refused.
        let lines = String(decoding: notes[3], as: UTF8.self).split(separator: "\n").suffix(2)
        let names = lines.reduce(0) { $0 + $1.split(separator: " ")[1].utf8.count + 6 }
        #expect(accepted <= 4 + names)
        #expect(ours.prefix(4).allSatisfy { $0 })
        var otherOrigin = questions[3]
        otherOrigin.origin = "other.example"
        #expect(try await compare([otherOrigin], [false]) == 0)
        // With one key there is nothing to fall back on.
        let single = try keys.note(tree, 1_024).bytes
        let strict = mutations(single).map { question("checkpoint", ["note": $0]) }
        #expect(try await compare(strict, strict.map { _ in false }) == 0)
    }

    @Test("it reads notes as strictly as we do")
    func noteForms() async throws {
        let note = String(decoding: try keys.note(tree, 3).bytes, as: UTF8.self)
        let line = "— other.example AAAAAAA=\n"
        let forms = [
            note, note + line, note + line + line, note + "\n", String(note.dropLast()),
            note + "— other.example AAAAAAB=\n", note + "— a+b AAAAAAA=\n", "\n" + note,
            note + "— a\u{2003}b AAAAAAA=\n", note.replacing("\n\n", with: "\n\n\n"),
            note.replacing("\n3\n", with: "\n03\n"), note + String(repeating: line, count: 99),
            note + String(repeating: line, count: 100), note.replacing("\n", with: "\r\n"),
        ]
        let ours = forms.map { form in
            (try? Checkpoint(
                verifying: SignedNote(Array(form.utf8)),
                origin: Keys.origin,
                keys: logKeys
            )) != nil
        }
        let questions = forms.map { question("checkpoint", ["note": Array($0.utf8)]) }
        #expect(try await compare(questions, ours) == 4)
    }

    @Test("it accepts our inclusion proofs at many sizes, and refuses every changed byte")
    func inclusion() async throws {
        func proof(_ index: Int, _ size: Int) throws -> [UInt8] {
            let hashes = try tree.inclusion(of: index, in: size).hashes
            return try EntryProof(index: index, hashes: hashes, note: keys.note(tree, size)).bytes
        }
        var cases: [(proof: [UInt8], entry: [UInt8])] = []
        for size in [1, 2, 3, 7, 8, 255, 256, 257, 1_000] {
            for index in Set([0, size / 2, size - 1]) {
                cases.append((try proof(index, size), tree.records[index]))
            }
        }
        let goodCount = cases.count
        let sample = try proof(6, 11)
        cases += mutations(sample).map { ($0, tree.records[6]) }
        cases += mutations(tree.records[6]).map { (sample, $0) }
        cases.append((sample, tree.records[7]))
        let ours = cases.map { proof, entry in
            guard let proof = try? EntryProof(proof),
                let checkpoint = try? Checkpoint(
                    verifying: proof.note,
                    origin: Keys.origin,
                    keys: logKeys
                )
            else { return false }
            let leaf = MerkleHash(leaf: entry)
            return (try? proof.inclusion.verify(leaf: leaf, root: checkpoint.root)) != nil
        }
        let questions = cases.map {
            question("inclusion", ["proof": $0.proof, "entry": $0.entry])
        }
        #expect(try await compare(questions, ours) == goodCount)
    }

    @Test("it accepts our consistency proofs at many sizes, and refuses every changed byte")
    func consistency() async throws {
        func request(_ old: Int, _ new: Int) throws -> [UInt8] {
            let hashes = try tree.consistency(from: old, to: new).hashes
            return try WitnessRequest(oldSize: old, hashes: hashes, note: keys.note(tree, new))
                .bytes
        }
        var cases: [(old: Int, request: [UInt8])] = []
        for new in [0, 1, 2, 3, 7, 8, 13, 256, 1_000] {
            for old in Set([0, new / 3, new / 2, max(0, new - 1), new]) {
                cases.append((old, try request(old, new)))
            }
        }
        let goodCount = cases.count
        cases += mutations(try request(6, 11)).map { (6, $0) }
        cases += [(5, try request(6, 11)), (7, try request(6, 11))]
        let ours = try cases.map { old, bytes in
            let known = try Checkpoint(keys.note(tree, old).text)
            guard let request = try? WitnessRequest(bytes), request.oldSize == known.size,
                let checkpoint = try? Checkpoint(
                    verifying: request.note,
                    origin: Keys.origin,
                    keys: logKeys
                )
            else { return false }
            let (oldRoot, newRoot) = (known.root, checkpoint.root)
            return (try? request.proof.verify(oldRoot: oldRoot, newRoot: newRoot)) != nil
        }
        let questions = try cases.map {
            question(
                "consistency",
                ["old": try keys.note(tree, $0.old).bytes, "request": $0.request]
            )
        }
        #expect(try await compare(questions, ours) == goodCount)
    }

    /// What a log of this size serves, by path without the first slash, and its checkpoint.
    private func served(_ size: Int, of tree: SampleTree = .small) throws -> [String: [UInt8]] {
        var files = ["checkpoint": try keys.note(tree, size).bytes]
        for tile in tree.tiles(size) { files[String(tile.address.path.dropFirst())] = tile.bytes }
        for address in TileAddress.bundlesGrown(from: 0, to: size) {
            let start = address.index * TileAddress.fullWidth
            let entries = Array(tree.records[start..<start + address.width])
            files[String(address.path.dropFirst())] = try EntryBundle(entries).bytes
        }
        return files
    }

    @Test(
        "it recomputes our tiles and entry bundles, and refuses missing, changed and foreign ones"
    )
    func tiles() async throws {
        var questions: [Question] = []
        for size in [0, 1, 255, 256, 257, 700, 1_024] {
            questions.append(question("tiles", try served(size)))
        }
        // Partial tiles of earlier sizes stay as they are.
        let grown = try served(300).merging(served(700)) { _, new in new }
        questions.append(question("tiles", grown))
        let goodCount = questions.count
        let files = try served(300)
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            var missing = files
            missing[path] = nil
            if path != "checkpoint" { questions.append(question("tiles", missing)) }
            for changed in mutations(bytes, every: 97) + [bytes.dropLast(), bytes + [0]] {
                var other = files
                other[path] = changed
                questions.append(question("tiles", other))
            }
        }
        for path in ["tile/0/002", "tile/1/000.p/2", "tile/3/000.p/1", "tile/entries/009", "a"] {
            var foreign = files
            foreign[path] = files["tile/0/000"]
            questions.append(question("tiles", foreign))
        }
        // Sound in themselves, but of another log.
        let records = SampleTree.small.records.prefix(300).map { $0 + [0] }
        var other = try served(300, of: SampleTree(records))
        other["checkpoint"] = files["checkpoint"]
        questions.append(question("tiles", other))
        var earlier = grown
        earlier["tile/0/001.p/44"] = files["tile/0/001.p/44"]?.turned(at: 40)
        questions.append(question("tiles", earlier))
        let ours = questions.indices.map { $0 < goodCount }
        try await compare(questions, ours)
    }

    @Test("a person can run it on files")
    func byHand() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("verifier-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, bytes) in try served(300) {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: file)
        }
        let key = keys.log.key.description
        let good = try await IndependentVerifier.run(["tiles", "--key", key, folder.path])
        #expect(good.status == 0)
        #expect(good.text.contains("\(Keys.origin) has 300 entries, signed by \(Keys.origin)"))
        let note = folder.appendingPathComponent("checkpoint").path
        let other = keys.witness.key.description
        let bad = try await IndependentVerifier.run(["checkpoint", "--key", other, note])
        #expect(bad.status == 1)
        #expect(bad.error == "refused: no known key has signed\n")
    }
}
