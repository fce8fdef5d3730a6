/// A text and the signatures below it (C2SP `signed-note`).
///
/// Nothing in it may be believed before `verify` has said who signed.
package struct SignedNote: Sendable {
    /// Far above what a checkpoint with its cosignatures takes, and small enough to read at once.
    package static let bytesMax = 1 << 20
    /// The specification asks for 16 at least; checking a hundred still takes only milliseconds.
    package static let signaturesMax = 100

    /// The signed text; it ends with a newline.
    package let text: String
    /// The signature lines, in their order.
    package private(set) var signatures: [NoteSignature]

    /// Takes a text and signatures made for it.
    package init(text: String, signatures: [NoteSignature]) throws(NoteError) {
        guard Self.isText(Array(text.utf8)) else { throw .malformedText }
        guard !signatures.isEmpty else { throw .unsigned }
        guard signatures.count <= Self.signaturesMax else {
            throw .tooManySignatures(max: Self.signaturesMax)
        }
        self.text = text
        self.signatures = signatures
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
    }

    /// Reads a note.
    package init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
        // The last empty line separates: the text itself may have empty lines.
        guard
            let end = bytes.indices.dropFirst().last(where: {
                bytes[$0] == LineReader.newline && bytes[$0 - 1] == LineReader.newline
            })
        else {
            throw String(validating: bytes, as: UTF8.self) == nil ? .malformedText : .unsigned
        }
        guard Self.isText(bytes[..<end]),
            let text = String(validating: bytes[..<end], as: UTF8.self)
        else { throw .malformedText }
        self.text = text
        signatures = try NoteSignature.lines(Array(bytes[(end + 1)...]))
    }

    /// Whether it ends with a newline and has no other control character.
    private static func isText(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        bytes.last == LineReader.newline
            && bytes.allSatisfy { $0 >= UInt8(ascii: " ") || $0 == LineReader.newline }
    }

    /// The note: text, empty line, signature lines.
    package var bytes: [UInt8] {
        Array((text + "\n" + signatures.map(\.line).joined()).utf8)
    }

    /// Adds signatures, leaving out those that are there.
    package mutating func add(_ others: [NoteSignature]) throws(NoteError) {
        let new = others.filter { !signatures.contains($0) }
        self = try SignedNote(text: text, signatures: signatures + new)
    }

    /// Finds out which of the keys have signed; at least one has.
    ///
    /// Signatures of unknown keys are ignored, even if a name or an id is known. One wrong
    /// signature under a known key's name and id makes the whole note worthless.
    package func verify(_ keys: [VerifierKey]) throws(NoteError) -> [VerifiedSignature] {
        var verified: [VerifiedSignature] = []
        for signature in signatures {
            var known: [VerifierKey] = []
            for key in keys where signature.isSaidToBe(of: key) && !known.contains(key) {
                known.append(key)
            }
            guard let key = known.first else { continue }
            guard known.count == 1 else { throw .ambiguousKey(name: key.name) }
            let time = try key.verify(signature, of: text)
            verified.append(VerifiedSignature(key: key, time: time))
        }
        guard !verified.isEmpty else { throw .notSignedByKnownKey }
        return verified
    }
}

extension SignedNote: Equatable {
    package static func == (left: SignedNote, right: SignedNote) -> Bool {
        left.text.isIdentical(to: right.text) && left.signatures == right.signatures
    }
}

/// A signature that was checked.
package struct VerifiedSignature: Sendable, Equatable {
    /// The key that made it.
    package let key: VerifierKey
    /// For a cosignature, when the witness made it, in seconds since 1970.
    package let time: Int?
}
