import MerkleLog
import Testing

@Suite("Checkpoints, cosignatures and what carries them")
struct CheckpointTests {
    private let tree = SampleTree.small
    private let sofa = """
        example.com/behind-the-sofa
        20852163
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

        """
    private let sofaLine =
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
        + "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    private let secondLine =
        "— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+4"
        + "9/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"

    @Test("the specification's checkpoint is read, and written as it was")
    func specifiedCheckpoint() throws {
        let checkpoint = try Checkpoint(sofa)
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.root.description == "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
        #expect(checkpoint.extensions.isEmpty)
        #expect(checkpoint.text == sofa)
        let extended = try Checkpoint(sofa + "one\ntwo\n")
        #expect(extended.extensions == ["one", "two"])
        #expect(extended.text == sofa + "one\ntwo\n")
    }

    @Test("what is no checkpoint is refused")
    func malformedCheckpoint() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
        let malformed = [
            "", "\n", "a\n", "a\n1\n", "a\n1\n\(root)", "\n1\n\(root)\n", "a\n\n\(root)\n",
            "a\n01\n\(root)\n", "a\n+1\n\(root)\n", "a\n-1\n\(root)\n", "a\n 1\n\(root)\n",
            "a\n1 \n\(root)\n", "a\n0x1\n\(root)\n", "a\n9223372036854775808\n\(root)\n",
            "a\n18446744073709551617\n\(root)\n", "a\n\u{0661}\n\(root)\n", "a\n1\n\(root) \n",
            "a\n1\n\(root.dropLast())\n",
            "a\n1\nAAAA\n", "a\n1\n\(root.replacing("q2I=", with: "q2J="))\n",
            "a\n1\n\(root)\n\n", "a\n1\n\(root)\n\nb\n", "a\n1\n\(root)\nb", "a\r\n1\n\(root)\n",
        ]
        for text in malformed {
            #expect(throws: NoteError.malformedCheckpoint, "\(text)") { try Checkpoint(text) }
        }
        for origin in ["", "a\nb", "a\tb"] {
            #expect(throws: NoteError.malformedCheckpoint) {
                try Checkpoint(origin: origin, size: 0, root: .emptyTree)
            }
        }
        #expect(throws: NoteError.malformedCheckpoint) {
            try Checkpoint(origin: "a", size: 0, root: .emptyTree, extensions: [""])
        }
        #expect(throws: NoteError.malformedCheckpoint) {
            try Checkpoint(origin: "a", size: -1, root: .emptyTree)
        }
    }

    @Test("a checkpoint counts only under a key of its log and with its origin")
    func verifyingCheckpoint() throws {
        let keys = try Keys()
        let note = try keys.cosignedNote(tree, 7)
        let checkpoint = try Checkpoint(
            verifying: note,
            origin: Keys.origin,
            keys: [keys.log.key]
        )
        #expect(checkpoint.size == 7)
        #expect(throws: NoteError.otherOrigin) {
            try Checkpoint(verifying: note, origin: "other.example", keys: [keys.log.key])
        }
        let other = try NoteSigner(name: Keys.origin, seed: [UInt8](repeating: 9, count: 32))
        #expect(throws: NoteError.notSignedByKnownKey) {
            try Checkpoint(verifying: note, origin: Keys.origin, keys: [other.key])
        }
        // Two spellings of one letter are two logs.
        let composed = try keys.log.sign(
            Checkpoint(origin: "caf\u{E9}", size: 0, root: .emptyTree)
        )
        #expect(throws: NoteError.otherOrigin) {
            try Checkpoint(verifying: composed, origin: "cafe\u{301}", keys: [keys.log.key])
        }
    }

    @Test("a cosignature states its time, and only that time")
    func cosignature() throws {
        let keys = try Keys()
        let note = try keys.cosignedNote(tree, 100)
        let verified = try SignedNote(note.bytes).verify([keys.log.key, keys.witness.key])
        #expect(verified.map(\.time) == [nil, 1_679_315_147])
        #expect(verified.map(\.key) == [keys.log.key, keys.witness.key])
        let line = try #require(note.signatures.last)
        #expect(line.value.count == 72)
        #expect(line.value.prefix(8) == [0, 0, 0, 0, 0x64, 0x18, 0x50, 0xCB])
        let id = (0..<4).map { UInt8(truncatingIfNeeded: line.keyID >> (24 - 8 * $0)) }
        for index in line.value.indices {
            let value = base64(id + line.value.turned(at: index))
            let text = note.text + "\n— \(line.name) \(value)\n"
            #expect(throws: NoteError.badSignature(name: line.name), "byte \(index)") {
                try SignedNote(Array(text.utf8)).verify([keys.witness.key])
            }
        }
    }

    @Test("a cosignature is over the specified message")
    func cosignedMessage() throws {
        let keys = try Keys()
        let message = "cosignature/v1\ntime 1679315147\n" + sofa
        let line = try keys.witness.sign(Checkpoint(sofa), time: 1_679_315_147)
        // The same seed as a log's key, over the message as if it were a text.
        let signer = try NoteSigner(name: "a", seed: [UInt8](repeating: 2, count: 32))
        let plain = try #require(try signer.sign(message).signatures.first)
        #expect(Array(line.value.dropFirst(8)) == plain.value)
    }

    @Test("a cosignature under anything but a checkpoint says nothing")
    func cosignedOtherText() throws {
        let keys = try Keys()
        let signature = try keys.witness.sign(Checkpoint(sofa), time: 5)
        let note = try SignedNote(text: "no checkpoint\n", signatures: [signature])
        #expect(throws: NoteError.malformedCheckpoint) { try note.verify([keys.witness.key]) }
    }

    @Test("a log's key and a witness's key of one seed have different ids")
    func keyTypes() throws {
        let seed = [UInt8](repeating: 3, count: 32)
        let (log, witness) = try (
            NoteSigner(name: "a", seed: seed).key, Cosigner(name: "a", seed: seed).key
        )
        #expect(log.publicKey == witness.publicKey)
        #expect(log.id != witness.id)
        #expect(try VerifierKey(witness.description) == witness)
        let note = try NoteSigner(name: "a", seed: seed).sign(sofa)
        #expect(throws: NoteError.notSignedByKnownKey) { try note.verify([witness]) }
    }

    @Test("a witness's answer is read line by line and joined to the checkpoint")
    func witnessAnswer() throws {
        let keys = try Keys()
        var note = try keys.note(tree, 9)
        let line = try keys.witness.sign(Checkpoint(note.text), time: 1)
        let answer = try NoteSignature.lines(Array((line.line + sofaLine).utf8))
        #expect(answer.count == 2)
        #expect(answer.first == line)
        try note.add(answer)
        try note.add(answer)
        #expect(note.signatures.count == 3)
        #expect(try note.verify([keys.witness.key]).map(\.time) == [1])
        for text in ["", "\n", line.line + "\n", String(line.line.dropLast()), "a\n"] {
            #expect(throws: NoteError.self) { try NoteSignature.lines(Array(text.utf8)) }
        }
    }

    @Test("the specification's request to a witness is read, and written as it was")
    func specifiedRequest() throws {
        let hashes = [
            "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
            "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
            "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
            "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
        ]
        let note = sofa + "\n" + sofaLine + secondLine
        let body = "old 20852014\n" + hashes.map { $0 + "\n" }.joined() + "\n" + note
        let request = try WitnessRequest(Array(body.utf8))
        #expect(request.oldSize == 20_852_014)
        #expect(request.hashes.map(\.description) == hashes)
        #expect(request.note.signatures.map(\.keyID) == [0x033D_E0AE, 0xA292_EA05])
        #expect(request.checkpoint.size == 20_852_163)
        #expect(request.bytes == Array(body.utf8))
    }

    @Test("what is no request to a witness is refused")
    func malformedRequest() throws {
        let note = sofa + "\n" + sofaLine
        let hash = MerkleHash.emptyTree.description
        let malformed = [
            "", "old 0\n", "old 0\n\n", "old 0\n" + note, "old 00\n\n" + note, "old\n\n" + note,
            "old -1\n\n" + note, "Old 0\n\n" + note, "old  0\n\n" + note, "old 0 \n\n" + note,
            "old 0\n\n\n" + note, "old 1\n\(hash)\n" + note, "old 1\n\(hash) \n\n" + note,
            "old 1\nAAAA\n\n" + note, "old 1\n\(hash)\n\n" + sofa, "\nold 1\n\n" + note,
            "old 1\n" + String(repeating: hash + "\n", count: 64) + "\n" + note,
            "old 1\n\nno checkpoint\n\n" + sofaLine,
        ]
        for body in malformed {
            #expect(throws: NoteError.self, "\(body)") { try WitnessRequest(Array(body.utf8)) }
        }
        let longest = "old 1\n" + String(repeating: hash + "\n", count: 63) + "\n" + note
        #expect(try WitnessRequest(Array(longest.utf8)).hashes.count == 63)
        #expect(try WitnessRequest(Array(("old 0\n\n" + note).utf8)).hashes.isEmpty)
    }

    @Test("an entry's proof stands for itself and is written as tlog-proof says")
    func entryProof() throws {
        let keys = try Keys()
        let hashes = try tree.inclusion(of: 5, in: 8).hashes
        let note = try keys.note(tree, 8)
        let proof = try EntryProof(index: 5, hashes: hashes, note: note, extra: [1, 2, 3])
        let lines = ["c2sp.org/tlog-proof@v1", "extra AQID", "index 5"] + hashes.map(\.description)
        let text = lines.map { $0 + "\n" }.joined() + "\n"
        #expect(proof.bytes == Array(text.utf8) + note.bytes)
        #expect(try EntryProof(proof.bytes) == proof)
        try proof.inclusion.verify(leaf: tree.leaves[5], root: proof.checkpoint.root)
        let bare = try EntryProof(index: 5, hashes: hashes, note: note)
        #expect(try EntryProof(bare.bytes).extra == nil)
        let body = String(decoding: bare.bytes, as: UTF8.self)
        for (old, new) in [
            ("@v1", "@v2"), ("index 5", "index 05"), ("index 5", "index -5"), ("index 5\n", ""),
            ("index 5", "extra A\nindex 5"), ("index 5", "index 5\nextra AQID"),
            ("\n\n", "\n"), ("c2sp", "\nc2sp"),
            ("index 5\n", "index 5\n" + String(repeating: "\(hashes[0])\n", count: 64)),
        ] {
            let changed = body.replacing(old, with: new)
            #expect(throws: NoteError.self, "\(new)") { try EntryProof(Array(changed.utf8)) }
        }
    }
}
