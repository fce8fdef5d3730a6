/// Why a map's proof is none, or does not prove what it should.
package enum MapProofError: Error, Equatable {
    /// The bytes are no proof.
    case malformed
    /// The bits on the way to the root do not get smaller.
    case bitsOutOfOrder
    /// The key that is shown instead does not stand where the one that was asked for would.
    case otherWay
    /// The key is shown as the one that is found instead of itself.
    case presentKeyDenied
    /// The hashes lead to another root than the stated one.
    case rootDiffers
}

extension MapProofError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "the bytes are no proof of a map"
        case .bitsOutOfOrder: "the bits on the way to the map's root do not get smaller"
        case .otherWay: "the key that is shown instead does not stand where this one would"
        case .presentKeyDenied: "the map holds the key that it is said not to hold"
        case .rootDiffers: "the proof leads to another root of the map"
        }
    }
}
