internal import Wire

/// One signature line of a note, verified or not (C2SP `signed-note`).
package struct NoteSignature: Sendable {
    /// The longest signatures in use, of ML-DSA-44 with a time, have 2,428 bytes; others up to 5
    /// kB.
    package static let lineBytesMax = 8 << 10

    /// The name of the key that is said to have signed.
    package let name: String
    /// The id of that key.
    package let keyID: UInt32
    /// What the key made of the text; its form depends on the type of the key.
    package let value: [UInt8]

    private static let dash = Array("\u{2014} ".utf8)

    init(name: String, keyID: UInt32, value: [UInt8]) {
        self.name = name
        self.keyID = keyID
        self.value = value
    }

    /// Reads a line without its newline.
    init(line: some Collection<UInt8>) throws(NoteError) {
        let bytes = Array(line)
        guard bytes.count <= Self.lineBytesMax, bytes.starts(with: Self.dash) else {
            throw .malformedSignature
        }
        let parts = bytes.dropFirst(Self.dash.count)
            .split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 2, let name = String(validating: parts[0], as: UTF8.self),
            let value = Base64.standard.decode(parts[1]), value.count > 4,
            let keyID = UInt32(bigEndianBytes: value.prefix(4))
        else { throw .malformedSignature }
        guard KeyName.isValid(name) else { throw .malformedName }
        self.init(name: name, keyID: keyID, value: Array(value.dropFirst(4)))
    }

    /// The line, with its newline.
    package var line: String {
        "\u{2014} \(name) \(Base64.standard.encode(keyID.bigEndianBytes + value))\n"
    }

    /// Reads lines, as a witness answers with: one or more, each with its newline.
    package static func lines(_ bytes: [UInt8]) throws(NoteError) -> [NoteSignature] {
        guard bytes.count <= SignedNote.bytesMax else {
            throw .tooLarge(bytesMax: SignedNote.bytesMax)
        }
        var reader = LineReader(bytes)
        var signatures: [NoteSignature] = []
        while !reader.isAtEnd {
            guard signatures.count < SignedNote.signaturesMax else {
                throw .tooManySignatures(max: SignedNote.signaturesMax)
            }
            guard let line = reader.line() else { throw .malformedSignature }
            signatures.append(try NoteSignature(line: line))
        }
        guard !signatures.isEmpty else { throw .unsigned }
        return signatures
    }

    /// Whether this key, and no other, is said to have signed.
    package func isSaidToBe(of key: VerifierKey) -> Bool {
        keyID == key.id && name.isIdentical(to: key.name)
    }
}

extension NoteSignature: Equatable {
    package static func == (left: NoteSignature, right: NoteSignature) -> Bool {
        left.keyID == right.keyID && left.name.isIdentical(to: right.name)
            && left.value == right.value
    }
}
