/// Neighbouring hashes of one level, and where they stand (C2SP `tlog-tiles`).
package struct Tile: Sendable, Equatable {
    /// Where it stands.
    package let address: TileAddress
    /// Its hashes, from left to right.
    package let hashes: [MerkleHash]

    init(_ address: TileAddress, _ hashes: [MerkleHash]) {
        self.address = address
        self.hashes = hashes
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
