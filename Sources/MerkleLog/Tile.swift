/// Neighbouring hashes of one level, and where they stand (C2SP `tlog-tiles`).
package struct Tile: Sendable {
    /// Where it stands.
    package let address: TileAddress
    /// Its hashes, from left to right.
    package let hashes: [MerkleHash]
    /// What the builder hashed anyway when the tile was full.
    private let builtRoot: MerkleHash?

    init(_ address: TileAddress, _ hashes: [MerkleHash], root: MerkleHash? = nil) {
        self.address = address
        self.hashes = hashes
        builtRoot = root
    }

    /// The root of its hashes: what a full tile contributes to the level above.
    package var root: MerkleHash {
        if let builtRoot { return builtRoot }
        var frontier = TreeFrontier()
        for hash in hashes { frontier.append(hash) }
        return frontier.root
    }

    /// Reads a tile as it is served: hashes, one behind the other.
    package init(_ bytes: [UInt8], at address: TileAddress) throws(TileError) {
        guard case .hashes = address.layer else { throw .wrongLayer(address) }
        guard let hashes = MerkleHash.list(bytes), hashes.count == address.width else {
            throw .wrongLength(address)
        }
        self.init(address, hashes)
    }

    /// The tile as it is served.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * MerkleHash.byteCount)
        for hash in hashes { hash.append(to: &bytes) }
        return bytes
    }
}

extension Tile: Equatable {
    package static func == (left: Tile, right: Tile) -> Bool {
        left.address == right.address && left.hashes == right.hashes
    }
}
