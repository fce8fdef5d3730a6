internal import MerkleLog

/// What the integrator knows about one log from look to look.
package struct WatchedLog: Sendable {
    /// The tree up to the last checkpoint that is known to be stored.
    var tree: LogTree
    /// The tree as it was grown for the next checkpoint, while that waits for witnesses: what was
    /// recomputed once is not read again at every look.
    var candidate: LogTree?
    /// The largest checkpoint that a witness is known to have signed: another copy of the service
    /// showed it, and only a tree at least as large can be signed now.
    var witnessedSize: Int64 = 0
    /// Whether the witnesses were asked about the checkpoint that was found at the start.
    var isShown = false

    init(_ tree: LogTree) {
        self.tree = tree
    }
}
