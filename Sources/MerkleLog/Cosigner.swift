/// Signs checkpoints as a witness does, with Ed25519 over time and text
/// (C2SP `tlog-cosignature`, `cosignature/v1`).
package struct Cosigner: Sendable {
    /// The public part, to hand out.
    package let key: VerifierKey
    private let seed: SigningSeed

    /// Takes a name and the 32 secret bytes of RFC 8032.
    ///
    /// The message does not say who signs, so a seed must not serve two names, nor a log.
    package init(name: String, seed bytes: [UInt8]) throws(NoteError) {
        seed = try SigningSeed(bytes)
        key = try VerifierKey(name: name, type: .cosignature, publicKey: seed.publicKey)
    }

    /// States that at this time the checkpoint was the largest consistent one that was seen.
    ///
    /// The time is in seconds since 1970.
    package func sign(_ checkpoint: Checkpoint, time: Int) throws(NoteError) -> NoteSignature {
        precondition(time >= 0, "there were no witnesses before 1970")
        let value = try seed.sign(Self.message(checkpoint.text, time: time))
        return NoteSignature(
            name: key.name,
            keyID: key.id,
            value: UInt64(time).bigEndianBytes + value
        )
    }

    /// What is signed: two lines of its own, which no note text begins with by chance, and the
    /// text.
    static func message(_ text: String, time: Int) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n\(text)".utf8)
    }
}
