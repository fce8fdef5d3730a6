/// Signs notes as a log does, with Ed25519 over the text (C2SP `signed-note`).
package struct NoteSigner: Sendable {
    /// The public part, to hand out.
    package let key: VerifierKey
    private let seed: SigningSeed

    /// Takes a name and the 32 secret bytes of RFC 8032.
    package init(name: String, seed bytes: [UInt8]) throws(NoteError) {
        seed = try SigningSeed(bytes)
        key = try VerifierKey(name: name, type: .ed25519, publicKey: seed.publicKey)
    }

    /// Signs a text, which must end with a newline.
    package func sign(_ text: String) throws(NoteError) -> SignedNote {
        let value = try seed.sign(Array(text.utf8))
        let signature = NoteSignature(name: key.name, keyID: key.id, value: value)
        return try SignedNote(text: text, signatures: [signature])
    }

    /// Signs a checkpoint.
    package func sign(_ checkpoint: Checkpoint) throws(NoteError) -> SignedNote {
        try sign(checkpoint.text)
    }
}
