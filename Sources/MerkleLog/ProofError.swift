/// Why a proof can not be made, or does not prove what it should.
package enum ProofError: Error, Equatable {
    /// There is no such leaf in a tree of this size.
    case indexOutOfRange(index: Int, size: Int)
    /// A tree does not shrink, and has no negative size.
    case sizesOutOfRange(from: Int, to: Int)
    /// A proof between these sizes has another number of hashes.
    case wrongLength
    /// The hashes lead to another root than the signed one.
    case rootDiffers
    /// The hashes do not lead to the older root.
    case oldRootDiffers
}

extension ProofError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .indexOutOfRange(let index, let size):
            "there is no entry \(index) in a tree of \(size) entries"
        case .sizesOutOfRange(let from, let to):
            "a tree does not grow from \(from) to \(to) entries"
        case .wrongLength: "the proof has a wrong number of hashes"
        case .rootDiffers: "the proof leads to another root"
        case .oldRootDiffers: "the proof does not lead to the older root"
        }
    }
}
