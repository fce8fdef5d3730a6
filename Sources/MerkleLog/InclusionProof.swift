/// Shows that an entry stands at a position of a tree (RFC 6962, section 2.1.1).
package struct InclusionProof: Sendable, Equatable {
    /// No tree that we can count is higher, so no proof is longer.
    package static let hashesMax = 63

    /// The entry's position, from 0.
    package let index: Int
    /// How many entries the tree has.
    package let size: Int
    /// The neighbours on the way from the leaf to the root.
    package let hashes: [MerkleHash]

    /// Takes a proof as it came; `verify` says whether it is one.
    package init(index: Int, size: Int, hashes: [MerkleHash]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// Checks that the leaf is in the tree with this root, at this position.
    ///
    /// The algorithm of RFC 9162, section 2.1.3.2.
    package func verify(leaf: MerkleHash, root: MerkleHash) throws(ProofError) {
        guard index >= 0, index < size else {
            throw .indexOutOfRange(index: index, size: size)
        }
        var place = index
        var last = size - 1
        var hash = leaf
        for neighbour in hashes {
            guard last > 0 else { throw .wrongLength }
            if place & 1 == 1 || place == last {
                hash = MerkleHash(neighbour, hash)
                // At the right edge, levels without a neighbour are passed over.
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                hash = MerkleHash(hash, neighbour)
            }
            place >>= 1
            last >>= 1
        }
        guard last == 0 else { throw .wrongLength }
        guard hash == root else { throw .rootDiffers }
    }
}
