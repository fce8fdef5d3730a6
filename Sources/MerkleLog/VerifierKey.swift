internal import Crypto
internal import Wire

/// A public key and the name under which it signs notes (C2SP `signed-note`).
package struct VerifierKey: Sendable {
    /// What kind of signatures a key makes; the number is part of the key's id.
    package enum SignatureType: UInt8, Sendable {
        /// Ed25519 over the text.
        case ed25519 = 0x01
        /// Ed25519 over time and text: a witness's cosignature (C2SP `tlog-cosignature`).
        case cosignature = 0x04
    }

    private static let publicKeyByteCount = 32
    private static let timeByteCount = 8
    /// A name, eight digits and the base64 of a key.
    ///
    /// Ours have 44 characters, and the largest in use, of ML-DSA-44, 1,752: those must at least be
    /// told to be of another type.
    private static let textBytesMax = KeyName.bytesMax + (8 << 10)

    /// The name that stands in signature lines.
    package let name: String
    /// What kind of signatures it makes.
    package let type: SignatureType
    /// The 32 bytes of RFC 8032.
    package let publicKey: [UInt8]
    /// The first four bytes of a hash over name, type and key.
    package let id: UInt32

    /// Names a key.
    package init(
        name: String,
        type: SignatureType,
        publicKey: [UInt8]
    ) throws(NoteError) {
        guard KeyName.isValid(name) else { throw .malformedName }
        guard publicKey.count == Self.publicKeyByteCount else { throw .malformedKey }
        self.name = name
        self.type = type
        self.publicKey = publicKey
        let hash = SHA256.hash(
            data: Array(name.utf8) + [LineReader.newline, type.rawValue] + publicKey
        )
        id = hash.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads `name+id+base64`, as `description` writes it; the id must belong to the key.
    package init(_ text: String) throws(NoteError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.textBytesMax else { throw .malformedKey }
        // Base64 may itself have a plus.
        let parts = bytes.split(
            separator: UInt8(ascii: "+"),
            maxSplits: 2,
            omittingEmptySubsequences: false
        )
        guard parts.count == 3, let name = String(validating: parts[0], as: UTF8.self),
            let key = Base64.standard.decode(parts[2]), let number = key.first
        else { throw .malformedKey }
        guard let type = SignatureType(rawValue: number) else { throw .unknownKeyType(number) }
        try self.init(name: name, type: type, publicKey: Array(key.dropFirst()))
        guard parts[1].elementsEqual(hexadecimalID.utf8) else { throw .malformedKey }
    }

    /// The same key under the name of another log of the same ledger, or of its cuts; nil where the name has no
    /// parts.
    package func named(_ last: String) -> VerifierKey? {
        guard type == .ed25519, let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return nil
        }
        return try? VerifierKey(name: "\(name[...slash])\(last)", type: type, publicKey: publicKey)
    }

    private var hexadecimalID: String {
        Hexadecimal.encode(id.bigEndianBytes)
    }

    /// Checks a signature that is said to be of this key; gives the time of a cosignature.
    func verify(_ signature: NoteSignature, of text: String) throws(NoteError) -> Int? {
        switch type {
        case .ed25519:
            try check(signature.value, of: Array(text.utf8))
            return nil
        case .cosignature:
            // A cosignature speaks about a tree; under any other text it says nothing.
            guard (try? Checkpoint(text)) != nil else { throw .malformedCheckpoint }
            guard let value = UInt64(bigEndianBytes: signature.value.prefix(Self.timeByteCount)),
                let time = Int(exactly: value)
            else { throw .badSignature(name: name) }
            try check(
                Array(signature.value.dropFirst(Self.timeByteCount)),
                of: Cosigner.message(text, time: time)
            )
            return time
        }
    }

    private func check(_ signature: [UInt8], of message: [UInt8]) throws(NoteError) {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey),
            key.isValidSignature(signature, for: message)
        else { throw .badSignature(name: name) }
    }
}

extension VerifierKey: Hashable {
    package static func == (left: VerifierKey, right: VerifierKey) -> Bool {
        left.type == right.type && left.publicKey == right.publicKey
            && left.name.isIdentical(to: right.name)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(publicKey)
    }
}

extension VerifierKey: CustomStringConvertible {
    /// The key as text, to configure a verifier with: `name+id+base64`.
    package var description: String {
        "\(name)+\(hexadecimalID)+\(Base64.standard.encode([type.rawValue] + publicKey))"
    }
}
