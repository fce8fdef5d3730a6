import Foundation
import MerkleLog
import Testing

@Suite("Signed notes")
struct SignedNoteTests {
    // The example of Go's package note, whose format the specification describes.
    private let peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private let enoch = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
    private let text = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        """
    private let peterLine =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
        + "ngotpRZb6KE6RyyBwJnAM=\n"
    private let enochLine =
        "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGw"
        + "nWLox33WWd1RvMc+QQ=\n"

    private func note(_ lines: String...) throws -> SignedNote {
        try SignedNote(Array((text + "\n" + lines.joined()).utf8))
    }

    @Test("notes that others signed are verified")
    func foreignNotes() throws {
        let (peterKey, enochKey) = try (VerifierKey(peter), VerifierKey(enoch))
        let note = try note(peterLine, enochLine)
        #expect(note.text == text)
        #expect(try note.verify([peterKey]).map(\.key) == [peterKey])
        #expect(try note.verify([enochKey, peterKey]).map(\.key) == [peterKey, enochKey])
        // A checkpoint of Go's checksum database.
        let key = try VerifierKey(
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
        )
        let database = """
            go.sum database tree
            6476701
            mb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=

            — sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4n\
            PRYfvimWEPWL+o3GeoWwOoAw=

            """
        let checkpoint = try Checkpoint(
            verifying: SignedNote(Array(database.utf8)),
            origin: "go.sum database tree",
            keys: [key]
        )
        #expect(checkpoint.size == 6_476_701)
    }

    @Test("the specification's own example is read, blank lines in the text included")
    func specifiedExample() throws {
        let example = """
            Ognuno sta solo sul cuor della terra
            trafitto da un raggio di sole:

            ed è subito sera.

            — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKO\
            NrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=

            """
        let note = try SignedNote(Array(example.utf8))
        #expect(note.text.hasSuffix("raggio di sole:\n\ned è subito sera.\n"))
        #expect(note.signatures.map(\.name) == ["quasimodo.example/salvatore"])
        #expect(note.signatures.map(\.keyID) == [0x367B_A04B])
        #expect(note.bytes == Array(example.utf8))
    }

    @Test("signatures of unknown keys are ignored, even if name or id are known")
    func unknownKeys() throws {
        let keys = [try VerifierKey(peter)]
        let otherName = peterLine.replacing("PeterNeumann", with: "PeterNeuman")
        let otherID = peterLine.replacing("x08g", with: "x08h")
        #expect(try note(otherName, otherID, peterLine).verify(keys).count == 1)
        for lines in [otherName, otherID, enochLine] {
            #expect(throws: NoteError.notSignedByKnownKey) { try note(lines).verify(keys) }
        }
        #expect(throws: NoteError.notSignedByKnownKey) { try note(peterLine).verify([]) }
    }

    @Test("one wrong signature under a known key makes the note worthless")
    func wrongSignature() throws {
        let (peterKey, enochKey) = try (VerifierKey(peter), VerifierKey(enoch))
        let wrong = peterLine.replacing("/ZJku", with: "/ZJkv")
        for lines in [wrong + peterLine, peterLine + wrong, wrong + enochLine] {
            #expect(throws: NoteError.badSignature(name: "PeterNeumann")) {
                try note(lines).verify([enochKey, peterKey])
            }
        }
        let other = try SignedNote(
            text: text + "And more.\n",
            signatures: try note(peterLine).signatures
        )
        #expect(throws: NoteError.badSignature(name: "PeterNeumann")) {
            try other.verify([peterKey])
        }
    }

    @Test("a signature of another length is wrong")
    func wrongLength() throws {
        let signer = try Keys().log
        let note = try signer.sign(text)
        let whole = try #require(note.signatures.first)
        let start = "— \(whole.name) "
        for bytes in [whole.value.dropLast(), whole.value + [0], [0]] as [[UInt8]] {
            let id = (0..<4).map { UInt8(truncatingIfNeeded: whole.keyID >> (24 - 8 * $0)) }
            let line = start + base64(id + bytes) + "\n"
            let changed = try SignedNote(Array((text + "\n" + line).utf8))
            #expect(throws: NoteError.badSignature(name: whole.name)) {
                try changed.verify([signer.key])
            }
        }
    }

    @Test("a key is only what its text says, letter by letter")
    func mangledKeys() throws {
        #expect(try VerifierKey(peter).description == peter)
        let bytes = Array(peter.utf8)
        for start in bytes.indices {
            for end in start..<bytes.count where end - start < bytes.count - 1 {
                let part = String(decoding: bytes[start...end], as: UTF8.self)
                #expect(throws: NoteError.self) { try VerifierKey(part) }
            }
        }
        for index in bytes.indices {
            for bit in 0..<7 {
                let mangled = String(decoding: bytes.turned(at: index, bit: bit), as: UTF8.self)
                #expect(throws: NoteError.self, "\(mangled)") { try VerifierKey(mangled) }
            }
        }
        // A wrong length and an unknown type, both with the id that fits.
        let tooLong =
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="
        #expect(throws: NoteError.malformedKey) { try VerifierKey(tooLong) }
        let otherType = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        #expect(throws: NoteError.unknownKeyType(0x65)) { try VerifierKey(otherType) }
        #expect(throws: NoteError.malformedKey) {
            try VerifierKey(peter.replacing("c7", with: "C7"))
        }
    }

    @Test("two different keys of one name and id are not told apart")
    func ambiguousKeys() throws {
        // Two numbers as keys whose ids were found to be the same.
        let keys = try [65_227, 67_083].map { (number: UInt32) in
            let digits = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
            let publicKey = [UInt8](repeating: 0, count: 28) + digits
            return try VerifierKey(name: "a", type: .ed25519, publicKey: publicKey)
        }
        #expect(keys.map(\.id) == [0xA06F_C73F, 0xA06F_C73F])
        let id = (0..<4).map { UInt8(truncatingIfNeeded: keys[0].id >> (24 - 8 * $0)) }
        let line = "— a \(base64(id + [UInt8](repeating: 0, count: 64)))\n"
        #expect(throws: NoteError.ambiguousKey(name: "a")) { try note(line).verify(keys) }
        // One key named twice is one key.
        let key = try VerifierKey(peter)
        #expect(try note(peterLine).verify([key, key]).count == 1)
    }

    @Test("what is no note is refused")
    func malformed() throws {
        let dash = "\u{2014}"
        let malformed = [
            "", "\n", "\n\n", text, text + "\n", text + "\n" + peterLine.dropLast(),
            text + peterLine, "\u{1}" + text + "\n" + peterLine,
            text + "\n" + peterLine + "Unexpected line.\n", text + "\n" + peterLine + "\n",
            text + "\r\n\r\n" + peterLine, text + "\n" + peterLine.replacing("\n", with: "\r\n"),
            text + "\n" + peterLine.replacing(dash, with: "-"), "a\n\n\(dash) a\n",
            "a\n\n\(dash) a AAAAAA==\n", "a\n\n\(dash)  AAAAAAA=\n", "a\n\n\(dash) a+b AAAAAAA=\n",
            "a\n\n\(dash) a\u{A0}b AAAAAAA=\n", "a\n\n\(dash) a\u{2003}b AAAAAAA=\n",
            "a\n\n\(dash) a b AAAAAAA=\n", "a\n\n\(dash) a AAAAAAB=\n", "a\n\n\(dash) a AAAAAAA\n",
            "a\n\n\(dash) a AAAAAAA==\n", "a\n\n\(dash) a  AAAAAAA=\n",
            "a\n\n\(dash) a AAAAAAA= \n",
            "a\n\n \(dash) a AAAAAAA=\n", "a\n\n\(dash) a -AAAAAA=\n", "\n\(dash) a AAAAAAA=\n",
        ]
        for note in malformed {
            #expect(throws: NoteError.self, "\(note)") { try SignedNote(Array(note.utf8)) }
        }
        #expect(throws: NoteError.malformedText) {
            try SignedNote([0xFF] + Array((text + "\n" + peterLine).utf8))
        }
        let shortest = Array("a\n\n\(dash) a AAAAAAA=\n".utf8)
        #expect(try SignedNote(shortest).bytes == shortest)
    }

    @Test("sixteen signatures are accepted, and a hundred; more are too many")
    func signatureCount() throws {
        let keys = [try VerifierKey(peter)]
        func note(_ count: Int) throws -> SignedNote {
            try self.note(String(repeating: enochLine, count: count - 1), peterLine)
        }
        #expect(try note(16).verify(keys).count == 1)
        #expect(try note(100).verify(keys).count == 1)
        #expect(throws: NoteError.tooManySignatures(max: 100)) { try note(101) }
        let large = [UInt8](repeating: UInt8(ascii: "a"), count: SignedNote.bytesMax + 1)
        #expect(throws: NoteError.tooLarge(bytesMax: SignedNote.bytesMax)) {
            try SignedNote(large)
        }
    }

    @Test("what we sign is verified by the key we hand out, and the seed shows nowhere")
    func signing() throws {
        let seed = [UInt8](repeating: 0x5A, count: 32)
        let signer = try NoteSigner(name: "log.example", seed: seed)
        let note = try signer.sign(text)
        let key = try VerifierKey(signer.key.description)
        #expect(key == signer.key)
        #expect(try SignedNote(note.bytes).verify([key]).count == 1)
        var shown = "\(signer) \(String(reflecting: signer)) "
        dump(signer, to: &shown)
        #expect(!shown.contains("90, 90"))
        #expect(shown.split(separator: "\n").count(where: { $0.hasSuffix("- 90") }) < 8)
        #expect(throws: NoteError.malformedSeed) {
            try NoteSigner(name: "log.example", seed: seed.dropLast())
        }
        for name in ["", "a b", "a+b", "a\nb", "a\u{2028}b", String(repeating: "a", count: 256)] {
            #expect(throws: NoteError.malformedName) { try NoteSigner(name: name, seed: seed) }
        }
        for text in ["", "no newline", "tab\t\n"] {
            #expect(throws: NoteError.malformedText) { try signer.sign(text) }
        }
    }

    @Test("the first key of RFC 8032 has the id that its name and bytes give")
    func knownSeed() throws {
        // RFC 8032, section 7.1, test 1.
        let seed = try MerkleHash(
            hexadecimal: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        )
        let key = try MerkleHash(
            hexadecimal: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        )
        let signer = try NoteSigner(name: "log.example", seed: seed.bytes)
        #expect(signer.key.publicKey == key.bytes)
    }
}

/// Base64 in the shortest way that the tests have.
func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
}
