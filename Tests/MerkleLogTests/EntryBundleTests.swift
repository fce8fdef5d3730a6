import MerkleLog
import Testing

@Suite("Entry bundles")
struct EntryBundleTests {
    private let entries: [[UInt8]] = [
        [], [7], Array("abc".utf8), [UInt8](repeating: 1, count: 65_535),
    ]

    private func address(_ width: Int) throws -> TileAddress {
        try #require(TileAddress(.entries, index: 3, width: width))
    }

    @Test("lengths stand in two bytes, the most significant first")
    func form() throws {
        let bundle = try EntryBundle([[7], [UInt8](repeating: 9, count: 258)])
        #expect(bundle.bytes.prefix(5) == [0, 1, 7, 1, 2])
        #expect(bundle.bytes.count == 3 + 2 + 258)
    }

    @Test("what is written is read back, and hashes to the tile beside it")
    func roundTrip() throws {
        let bundle = try EntryBundle(entries)
        #expect(try EntryBundle(bundle.bytes, at: address(4)) == bundle)
        #expect(bundle.leaves == SampleTree(entries).leaves)
    }

    @Test("a bundle with another number of entries, or cut off anywhere, is refused")
    func refused() throws {
        let bytes = try EntryBundle(Array(entries.prefix(3))).bytes
        for width in [1, 2, 4, 256] {
            #expect(throws: TileError.self) { try EntryBundle(bytes, at: address(width)) }
        }
        for count in bytes.indices {
            #expect(throws: TileError.self) {
                try EntryBundle(Array(bytes.prefix(count)), at: address(3))
            }
        }
        #expect(throws: TileError.self) { try EntryBundle(bytes + [0], at: address(3)) }
        let tile = try #require(TileAddress(.hashes(level: 0), index: 0, width: 3))
        #expect(throws: TileError.wrongLayer(tile)) { try EntryBundle(bytes, at: tile) }
    }

    @Test("a record that is too long for the two bytes is refused")
    func tooLarge() {
        #expect(throws: TileError.entryTooLarge(bytes: 65_536)) {
            try EntryBundle([[UInt8](repeating: 0, count: 65_536)])
        }
    }
}
