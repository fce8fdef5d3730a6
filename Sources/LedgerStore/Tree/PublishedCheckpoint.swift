package import MerkleLog

/// A checkpoint that was signed and published.
package struct PublishedCheckpoint: Sendable {
    package let size: Int64
    package let root: MerkleHash
    /// The signed note, as served (C2SP tlog-checkpoint).
    package let note: String

    package init(size: Int64, root: MerkleHash, note: String) {
        self.size = size
        self.root = root
        self.note = note
    }
}
