internal import MerkleLog

extension Tile {
    /// The level as its column has it.
    var level: Int32 {
        guard case .hashes(let level) = address.layer else { return 0 }
        return Int32(level)
    }

    /// What a full tile contributes to the level above.
    var root: MerkleHash {
        var frontier = TreeFrontier()
        for hash in hashes { frontier.append(hash) }
        return frontier.root
    }
}
