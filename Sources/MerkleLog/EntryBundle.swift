/// The records beside one tile of level 0, as C2SP `tlog-tiles` serves them.
///
/// Each record stands behind its length in two bytes, most significant first.
package struct EntryBundle: Sendable, Equatable {
    /// What the two bytes of a length can say.
    package static let entryBytesMax = Int(UInt16.max)

    /// The records, from left to right.
    package let entries: [[UInt8]]

    /// Takes records.
    package init(_ entries: [[UInt8]]) throws(TileError) {
        for entry in entries where entry.count > Self.entryBytesMax {
            throw .entryTooLarge(bytes: entry.count)
        }
        self.entries = entries
    }

    /// Reads a bundle as it is served; it must hold exactly as many records as its width says.
    package init(_ bytes: [UInt8], at address: TileAddress) throws(TileError) {
        guard address.layer == .entries else { throw .wrongLayer(address) }
        var entries: [[UInt8]] = []
        var index = 0
        while entries.count < address.width {
            guard bytes.count - index >= 2 else { throw .wrongLength(address) }
            let count = Int(bytes[index]) << 8 | Int(bytes[index + 1])
            index += 2
            guard bytes.count - index >= count else { throw .wrongLength(address) }
            entries.append(Array(bytes[index..<index + count]))
            index += count
        }
        guard index == bytes.count else { throw .wrongLength(address) }
        self.entries = entries
    }

    /// The bundle as it is served.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(0) { $0 + 2 + $1.count })
        for entry in entries {
            bytes += UInt16(entry.count).bigEndianBytes
            bytes += entry
        }
        return bytes
    }

    /// The leaf hashes of the records: what the tile beside the bundle must hold.
    package var leaves: [MerkleHash] { entries.map { MerkleHash(leaf: $0) } }
}
