import MerkleLog

/// Keys of the tests' own log and witness, and what the log says.
struct Keys {
    static let origin = "log.example/ledger"

    let log: NoteSigner
    let witness: Cosigner

    init() throws {
        log = try NoteSigner(name: Self.origin, seed: [UInt8](repeating: 1, count: 32))
        witness = try Cosigner(name: "witness.example/w1", seed: [UInt8](repeating: 2, count: 32))
    }

    /// The checkpoint of a sample tree, signed by the log.
    func note(_ tree: SampleTree, _ size: Int) throws -> SignedNote {
        try log.sign(Checkpoint(origin: Self.origin, size: size, root: tree.root(size)))
    }

    /// The same, signed by the witness too.
    func cosignedNote(_ tree: SampleTree, _ size: Int) throws -> SignedNote {
        var note = try note(tree, size)
        try note.add([witness.sign(Checkpoint(note.text), time: 1_679_315_147)])
        return note
    }
}
