/// The statement that a log has this many entries and this root (C2SP `tlog-checkpoint`).
package struct Checkpoint: Sendable {
    /// The log's name.
    package let origin: String
    /// How many entries the tree has.
    package let size: Int
    /// The root of the tree.
    package let root: MerkleHash
    /// Further lines; ours has none, for nobody can audit what they say.
    package let extensions: [String]

    /// Makes a statement; refuses an origin or an extension that can not be a line.
    package init(
        origin: String,
        size: Int,
        root: MerkleHash,
        extensions: [String] = []
    ) throws(NoteError) {
        guard size >= 0, ([origin] + extensions).allSatisfy(\.isNoteLine) else {
            throw .malformedCheckpoint
        }
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions
    }

    /// Reads the text of a note.
    package init(_ text: String) throws(NoteError) {
        var reader = LineReader(Array(text.utf8))
        guard let origin = reader.line(), let digits = reader.line(),
            let size = LineReader.decimal(digits), let base64 = reader.line(),
            let root = MerkleHash(base64: base64)
        else { throw .malformedCheckpoint }
        var extensions: [String] = []
        while !reader.isAtEnd {
            guard let line = reader.line() else { throw .malformedCheckpoint }
            extensions.append(String(decoding: line, as: UTF8.self))
        }
        try self.init(
            origin: String(decoding: origin, as: UTF8.self),
            size: size,
            root: root,
            extensions: extensions
        )
    }

    /// Reads a note and checks that one of the log's keys signed it and that it is of this log.
    package init(
        verifying note: SignedNote,
        origin: String,
        keys: [VerifierKey]
    ) throws(NoteError) {
        _ = try note.verify(keys)
        let checkpoint = try Checkpoint(note.text)
        guard checkpoint.origin.isIdentical(to: origin) else { throw .otherOrigin }
        self = checkpoint
    }

    /// The text that is signed.
    package var text: String {
        ([origin, String(size), root.description] + extensions).map { $0 + "\n" }.joined()
    }
}

extension Checkpoint: Equatable {
    package static func == (left: Checkpoint, right: Checkpoint) -> Bool {
        left.text.isIdentical(to: right.text)
    }
}
