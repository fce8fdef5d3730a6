import MerkleLog
import SeededRandom
import Testing

@Suite("Tiles")
struct TileTests {
    private static let large = SampleTree(70_000)

    private func address(_ level: Int, _ index: Int, _ width: Int = 256) throws -> TileAddress {
        try #require(TileAddress(.hashes(level: level), index: index, width: width))
    }

    @Test(
        "a tile's path is the specified one, and is read back",
        arguments: [
            (0, 0, 256, "/tile/0/000"),
            (0, 1_234_067, 256, "/tile/0/x001/x234/067"),
            (2, 1_000, 1, "/tile/2/x001/000.p/1"),
            (63, 999, 255, "/tile/63/999.p/255"),
            (nil, 12, 256, "/tile/entries/012"),
            (nil, 273, 112, "/tile/entries/273.p/112"),
        ] as [(Int?, Int, Int, String)]
    )
    func path(level: Int?, index: Int, width: Int, path: String) throws {
        let layer = level.map { TileAddress.Layer.hashes(level: $0) } ?? .entries
        let address = try #require(TileAddress(layer, index: index, width: width))
        #expect(address.path == path)
        #expect(TileAddress(path: path) == address)
    }

    @Test(
        "any other text is no path of a tile",
        arguments: [
            "", "/", "/tile", "/tile/", "/tile/0", "/tile/0/", "tile/0/000", "/tile/0/00",
            "/tile/0/0000", "/tile/0/000/", "/tile/0/000.p", "/tile/0/000.p/", "/tile/0/000.p/0",
            "/tile/0/000.p/256", "/tile/0/000.p/01", "/tile/0/000.p/-1", "/tile/0/000.p/1/",
            "/tile/00/000", "/tile/64/000", "/tile/-1/000", "/tile/+1/000", "/tile/a/000",
            "/tile/0/x000/001", "/tile/0/x001", "/tile/0/001/234", "/tile/0/X001/234",
            "/tile/0/x001/x234", "/tile/0/x01/234", "/tile/0/ 00", "/tile/0/000 ", "//tile/0/000",
            "/tile//000", "/tile/Entries/000", "/tile/entries/x000/000", "/tile/0/000.P/1",
            "/tile/0/.p/1", "/tile/0/x001.p/1", "/tile/0/\u{0660}00", "/tile/0/000.p/1.p/1",
            "/tile/0/x018/x446/x744/x073/x709/x551/617",
            "/tile/0/x999/x999/x999/x999/x999/x999/999", "/tile/0/x036/x028/x797/x018/x963/967",
            "/tile/0/" + String(repeating: "x999/", count: 100) + "999",
        ]
    )
    func otherPath(text: String) {
        #expect(TileAddress(path: text) == nil)
    }

    @Test("a tree of 70,000 entries has the tiles that the specification counts")
    func specifiedCounts() throws {
        let tiles = TileAddress.grown(from: 0, to: 70_000)
        #expect(tiles.count == 273 + 1 + 1 + 1 + 1)
        #expect(try tiles.prefix(273) == ArraySlice((0..<273).map { try address(0, $0) }))
        #expect(
            try tiles.suffix(4)
                == [address(0, 273, 112), address(1, 0), address(1, 1, 17), address(2, 0, 1)]
        )
        #expect(try TileAddress.grown(from: 0, to: 256) == [address(0, 0), address(1, 0, 1)])
        #expect(TileAddress.bundlesGrown(from: 0, to: 70_000).count == 274)
        #expect(TileAddress.grown(from: 0, to: 0).isEmpty)
    }

    @Test("a tree that grows makes the tiles that changed, and no others")
    func growth() {
        for (old, new) in [(0, 1), (1, 1), (255, 256), (256, 257), (300, 65_536), (65_535, 70_000)]
        {
            let before = Set(TileAddress.grown(from: 0, to: old))
            let after = TileAddress.grown(from: 0, to: new)
            let grown = TileAddress.grown(from: old, to: new)
            #expect(Set(grown).isDisjoint(with: before))
            #expect(Set(grown).union(before).isSuperset(of: after))
            #expect(Set(grown).isSubset(of: after))
            for tile in after { #expect(tile.isWithin(new)) }
            for tile in grown { #expect(!tile.isWithin(old)) }
        }
    }

    @Test("the builder hands out each tile once, also when it is resumed from stored tiles")
    func builder() throws {
        let tree = Self.large
        var stored: [TileAddress: Tile] = [:]
        var builder = TileBuilder()
        var last = 0
        for size in [1, 2, 255, 256, 257, 511, 5_000, 65_535, 65_536, 65_537, 70_000] {
            for leaf in tree.leaves[last..<size] { builder.append(leaf) }
            let tiles = builder.takeTiles()
            #expect(
                Set(tiles.map(\.address)) == Set(TileAddress.grown(from: last, to: size))
            )
            for tile in tiles {
                #expect(stored.updateValue(tile, forKey: tile.address) == nil)
                #expect(tile.hashes.count == tile.address.width)
                #expect(try Tile(tile.bytes, at: tile.address) == tile)
            }
            #expect(builder.root == tree.root(size))
            #expect(builder.takeTiles().isEmpty)
            builder = try TileBuilder(resumingAt: size) { try #require(stored[$0]) }
            #expect(builder.root == tree.root(size))
            last = size
        }
    }

    @Test("proofs and roots from tiles are those from the leaves")
    func proofsFromTiles() throws {
        var numbers = SeededRandom(seed: 256)
        let tree = Self.large
        var stored: [TileAddress: Tile] = [:]
        for size in [1, 2, 255, 256, 257, 600, 65_535, 65_536, 65_537, 69_999, 70_000] {
            for tile in tree.tiles(size) { stored[tile.address] = tile }
            for _ in 0..<40 {
                let index = Int.random(in: 0..<size, using: &numbers)
                let plans = [
                    ProofPlan.root(of: size), try .inclusion(of: index, in: size),
                    try .consistency(from: index, to: size),
                ]
                for plan in plans {
                    // Only what the plan asks for is at hand.
                    var tiles = TileSet()
                    for address in plan.tiles(in: size) {
                        tiles.insert(try #require(stored[address]))
                    }
                    let hashes = try tiles.hashes(plan, in: size)
                    #expect(hashes == plan.hashes { tree.hash(of: $0) })
                }
            }
        }
    }

    @Test("a wider tile stands in for a narrower one, and a missing one is named")
    func widerTile() throws {
        let tree = SampleTree.small
        var tiles = TileSet()
        for tile in tree.tiles(600) { tiles.insert(tile) }
        #expect(try tiles.root(of: 300) == tree.root(300))
        for tile in tree.tiles(300) { tiles.insert(tile) }
        #expect(try tiles.root(of: 600) == tree.root(600))
        var first = TileSet()
        first.insert(try #require(tree.tiles(300).first))
        let missing = try address(1, 0, 1)
        #expect(throws: TileError.missing(missing)) { try first.root(of: 300) }
        let narrow = try address(1, 0, 2)
        for tile in tree.tiles(300) { first.insert(tile) }
        #expect(throws: TileError.missing(narrow)) { try first.root(of: 600) }
    }

    @Test("a tile of a wrong length is refused")
    func wrongLength() throws {
        let address = try address(0, 0, 2)
        for count in [0, 1, 32, 63, 65, 96] {
            #expect(throws: TileError.wrongLength(address)) {
                try Tile([UInt8](repeating: 0, count: count), at: address)
            }
        }
        let bundle = try #require(TileAddress(.entries, index: 0, width: 2))
        #expect(throws: TileError.wrongLayer(bundle)) {
            try Tile([UInt8](repeating: 0, count: 64), at: bundle)
        }
    }

    @Test("a frontier is stored and read back at every size up to 1,024")
    func frontier() throws {
        var frontier = TreeFrontier()
        for leaf in SampleTree.small.leaves {
            frontier.append(leaf)
            frontier = try TreeFrontier(frontier.bytes)
            let nodes = TreeFrontier.subtreesNeeded(of: frontier.size)
            let hashes = nodes.map { SampleTree.small.hash(of: $0) }
            #expect(try TreeFrontier(size: frontier.size, subtrees: hashes) == frontier)
        }
        #expect(frontier.root == SampleTree.small.root(1_024))
        #expect(try TreeFrontier(TreeFrontier().bytes) == TreeFrontier())
        for bytes in [[], [0], frontier.bytes.dropLast(), frontier.bytes + [0]] as [[UInt8]] {
            #expect(throws: TileError.malformedFrontier) { try TreeFrontier(bytes) }
        }
        let negative = [UInt8](repeating: 0xFF, count: 8 + 64 * 32)
        #expect(throws: TileError.malformedFrontier) { try TreeFrontier(negative) }
    }
}
