/// Why tiles or entry bundles can not be used.
package enum TileError: Error, Equatable {
    /// This tile is needed and not there.
    case missing(TileAddress)
    /// A tile has another number of bytes than its width says, or a bundle is cut off.
    case wrongLength(TileAddress)
    /// A bundle holds hashes where entries are wanted, or the other way round.
    case wrongLayer(TileAddress)
    /// A record is longer than the 65,535 bytes that an entry bundle can hold.
    case entryTooLarge(bytes: Int)
    /// A stored frontier has another length than its size says, or no possible size.
    case malformedFrontier
}

extension TileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let address): "\(address) is missing"
        case .wrongLength(let address): "\(address) has a wrong length"
        case .wrongLayer(let address): "\(address) is of the wrong kind"
        case .entryTooLarge(let bytes): "a record of \(bytes) bytes does not fit in an entry bundle"
        case .malformedFrontier: "the stored tree frontier is malformed"
        }
    }
}
