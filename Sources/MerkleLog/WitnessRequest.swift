/// The body of `add-checkpoint`: a new checkpoint, and the proof that it continues the last one
/// that the witness signed (C2SP `tlog-witness`).
package struct WitnessRequest: Sendable, Equatable {
    /// A note, and in front of it at most a short line and 63 hashes.
    package static let bytesMax = SignedNote.bytesMax + (4 << 10)

    /// How many entries the tree had that the witness signed last; 0 if none.
    package let oldSize: Int
    /// The hashes of the consistency proof.
    package let hashes: [MerkleHash]
    /// The checkpoint with its signatures, not verified.
    package let note: SignedNote
    /// What the note says, not verified.
    package let checkpoint: Checkpoint

    /// Makes a request.
    package init(oldSize: Int, hashes: [MerkleHash], note: SignedNote) throws(NoteError) {
        guard oldSize >= 0, hashes.count <= ConsistencyProof.hashesMax else {
            throw .malformedWitnessRequest
        }
        self.oldSize = oldSize
        self.hashes = hashes
        self.note = note
        checkpoint = try Checkpoint(note.text)
    }

    /// Reads a body.
    package init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
        var reader = LineReader(bytes)
        guard let digits = reader.line(after: "old"), let oldSize = LineReader.decimal(digits),
            let hashes = reader.hashes()
        else { throw .malformedWitnessRequest }
        try self.init(oldSize: oldSize, hashes: hashes, note: try SignedNote(Array(reader.rest)))
    }

    /// The body.
    package var bytes: [UInt8] {
        let lines = ["old \(oldSize)"] + hashes.map(\.description) + [""]
        return Array(lines.map { $0 + "\n" }.joined().utf8) + note.bytes
    }

    /// The proof that the checkpoint continues the older tree; it refuses sizes that shrink.
    package var proof: ConsistencyProof {
        ConsistencyProof(old: oldSize, new: checkpoint.size, hashes: hashes)
    }
}
