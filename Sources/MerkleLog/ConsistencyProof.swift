/// Shows that a tree continues an older one: nothing changed, nothing vanished
/// (RFC 6962, section 2.1.2).
package struct ConsistencyProof: Sendable, Equatable {
    /// No tree that we can count is higher, and a witness takes no more.
    package static let hashesMax = 63

    /// How many entries the older tree has.
    package let old: Int
    /// How many entries the newer tree has.
    package let new: Int
    /// The hashes from which both roots follow.
    package let hashes: [MerkleHash]

    /// Takes a proof as it came; `verify` says whether it is one.
    package init(old: Int, new: Int, hashes: [MerkleHash]) {
        self.old = old
        self.new = new
        self.hashes = hashes
    }

    /// Checks that the tree with the new root continues the one with the old root.
    ///
    /// The algorithm of RFC 9162, section 2.1.4.2. From the empty tree, and between equal sizes,
    /// the proof has to be empty and the roots decide, as `tlog-witness` wants it.
    package func verify(oldRoot: MerkleHash, newRoot: MerkleHash) throws(ProofError) {
        guard old >= 0, old <= new else { throw .sizesOutOfRange(from: old, to: new) }
        if old == 0 || old == new {
            guard hashes.isEmpty else { throw .wrongLength }
            guard old != 0 || oldRoot == .emptyTree else { throw .oldRootDiffers }
            guard old != new || oldRoot == newRoot else { throw .rootDiffers }
            return
        }
        // A perfect old tree is itself a node of the new one; its root is not repeated.
        var path = (old.isPowerOfTwo ? [oldRoot] : []) + hashes
        guard !path.isEmpty else { throw .wrongLength }
        let start = path.removeFirst()
        var place = (old - 1) >> (old - 1).trailingOnes
        var last = (new - 1) >> (old - 1).trailingOnes
        var oldHash = start
        var newHash = start
        for neighbour in path {
            guard last > 0 else { throw .wrongLength }
            if place & 1 == 1 || place == last {
                oldHash = MerkleHash(neighbour, oldHash)
                newHash = MerkleHash(neighbour, newHash)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                newHash = MerkleHash(newHash, neighbour)
            }
            place >>= 1
            last >>= 1
        }
        guard last == 0 else { throw .wrongLength }
        guard oldHash == oldRoot else { throw .oldRootDiffers }
        guard newHash == newRoot else { throw .rootDiffers }
    }
}

extension Int {
    fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}
