/// What several logs of one ledger held when they were looked at one after the other: the text of a note
/// under a name of its own, which no checkpoint has.
///
/// Logs are numbered from 0 on, each pair after the other: what happened, and who read what. Each tree is one
/// that a checkpoint was signed over.
package struct Cut: Sendable {
    /// One log, as large as it was.
    package struct Tree: Sendable, Equatable {
        package let size: Int
        package let root: MerkleHash

        package init(size: Int, root: MerkleHash) {
            self.size = size
            self.root = root
        }
    }

    /// More pairs than any ledger has.
    private static let pairsMax = 512

    /// The ledger's name, and that it is a cut.
    package let name: String
    /// Of each log, by its number.
    package let trees: [Tree]

    /// The ledger's name: that of the cut without its last part.
    package var ledger: String {
        String(
            decoding: Array(name.utf8.dropLast(VerifierKey.cutName.utf8.count + 1)),
            as: UTF8.self
        )
    }

    /// How many pairs of logs the ledger has.
    package var pairs: Int { trees.count / 2 }

    /// Says what these logs held; refuses a name that cannot be a line, and a log without its other one.
    package init(name: String, trees: [Tree]) throws(NoteError) {
        guard name.isNoteLine, trees.count.isMultiple(of: 2),
            1...Self.pairsMax ~= trees.count / 2, trees.allSatisfy({ $0.size >= 0 })
        else { throw .malformedCut }
        self.name = name
        self.trees = trees
    }

    /// Reads the text of a note.
    package init(_ text: String) throws(NoteError) {
        var reader = LineReader(Array(text.utf8))
        guard let name = reader.line(), let digits = reader.line(),
            let pairs = LineReader.decimal(digits), 1...Self.pairsMax ~= pairs
        else { throw .malformedCut }
        var trees: [Tree] = []
        for id in 0..<2 * pairs {
            guard let line = reader.line(after: "\(id)"),
                let space = line.firstIndex(of: UInt8(ascii: " ")),
                let size = LineReader.decimal(line[..<space]),
                let root = MerkleHash(base64: line[(space + 1)...])
            else { throw .malformedCut }
            trees.append(Tree(size: size, root: root))
        }
        guard reader.isAtEnd else { throw .malformedCut }
        try self.init(name: String(decoding: name, as: UTF8.self), trees: trees)
    }

    /// The text that is signed.
    package var text: String {
        "\(name)\n\(pairs)\n"
            + trees.enumerated().map { "\($0) \($1.size) \($1.root)\n" }.joined()
    }
}

extension Cut: Equatable {
    package static func == (left: Cut, right: Cut) -> Bool {
        left.text.isIdentical(to: right.text)
    }
}

extension VerifierKey {
    /// What the last part of the name of the key of a cut is, where that of a log has the log's number.
    package static let cutName = "cut"
}
