package import MerkleLog

extension Tile {
    /// The level as its column has it.
    package var level: Int32 {
        guard case .hashes(let level) = address.layer else { return 0 }
        return Int32(level)
    }
}
