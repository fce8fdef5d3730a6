package import MerkleLog

/// A checkpoint to be shown to witnesses before it is published.
package struct CosignRequest: Sendable {
    /// The checkpoint, signed by the log alone.
    package let note: SignedNote
    /// Gives the proof that the checkpoint continues the tree of an older size.
    package let proof: @Sendable (_ oldSize: Int) async throws -> [MerkleHash]
}

/// What the witnesses said about a checkpoint.
package struct CosignAnswer: Sendable {
    /// The checkpoint with enough cosignatures; nil when they are too few.
    package let note: SignedNote?
    /// A witness that refused, and why in words.
    package let refusal: (witness: String, why: String)?
    /// A witness that signed a larger checkpoint of the log.
    package let ahead: (witness: String, size: Int)?
    /// Which witnesses are away, in words.
    package let failures: [String]

    package init(
        note: SignedNote?,
        refusal: (witness: String, why: String)? = nil,
        ahead: (witness: String, size: Int)? = nil,
        failures: [String] = []
    ) {
        self.note = note
        self.refusal = refusal
        self.ahead = ahead
        self.failures = failures
    }
}

/// Too few witnesses answer, so the checkpoint is not published yet.
struct WitnessOutage: Error, CustomStringConvertible {
    let failures: [String]

    var description: String {
        "too few witnesses have signed: "
            + (failures.isEmpty ? "others are ahead" : failures.joined(separator: "; "))
    }
}
