internal import Wire

/// A proof that stands for itself: an entry's position, its inclusion proof and the signed
/// checkpoint (C2SP `tlog-proof`).
package struct EntryProof: Sendable, Equatable {
    /// Extra data is for a short hint; the specification sets no limit.
    package static let extraBytesMax = 64 << 10
    /// A note, the extra data in base64, and at most 63 hashes.
    package static let bytesMax = SignedNote.bytesMax + 2 * extraBytesMax

    private static let header = "c2sp.org/tlog-proof@v1"

    /// The entry's position in the log.
    package let index: Int
    /// The hashes of the inclusion proof.
    package let hashes: [MerkleHash]
    /// Data for the application, for which nothing vouches.
    package let extra: [UInt8]?
    /// The checkpoint with its signatures, not verified.
    package let note: SignedNote
    /// What the note says, not verified.
    package let checkpoint: Checkpoint

    /// Makes a proof.
    package init(
        index: Int,
        hashes: [MerkleHash],
        note: SignedNote,
        extra: [UInt8]? = nil
    ) throws(NoteError) {
        guard index >= 0, hashes.count <= InclusionProof.hashesMax,
            extra?.count ?? 0 <= Self.extraBytesMax
        else { throw .malformedEntryProof }
        self.index = index
        self.hashes = hashes
        self.extra = extra
        self.note = note
        checkpoint = try Checkpoint(note.text)
    }

    /// Reads a proof.
    package init(_ bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.bytesMax else { throw .tooLarge(bytesMax: Self.bytesMax) }
        var reader = LineReader(bytes)
        guard let first = reader.line(), first.elementsEqual(Self.header.utf8) else {
            throw .malformedEntryProof
        }
        var extra: [UInt8]?
        if let base64 = reader.line(after: "extra") {
            guard let data = Base64.standard.decode(base64) else { throw .malformedEntryProof }
            extra = data
        }
        guard let digits = reader.line(after: "index"), let index = LineReader.decimal(digits),
            let hashes = reader.hashes()
        else { throw .malformedEntryProof }
        try self.init(
            index: index,
            hashes: hashes,
            note: try SignedNote(Array(reader.rest)),
            extra: extra
        )
    }

    /// The proof as text.
    package var bytes: [UInt8] {
        var lines = [Self.header]
        if let extra { lines.append("extra \(Base64.standard.encode(extra))") }
        lines.append("index \(index)")
        lines += hashes.map(\.description) + [""]
        return Array(lines.map { $0 + "\n" }.joined().utf8) + note.bytes
    }

    /// The part that says where the entry stands in the checkpoint's tree.
    package var inclusion: InclusionProof {
        InclusionProof(index: index, size: checkpoint.size, hashes: hashes)
    }
}
