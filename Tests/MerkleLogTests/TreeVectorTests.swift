import MerkleLog
import Testing

/// What others computed: the tree that Certificate Transparency's implementations are tested
/// with, and the examples of RFC 6962, section 2.1.3.
@Suite("Trees that others computed")
struct TreeVectorTests {
    private let records: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        Array(0x50...0x57), Array(0x60...0x6F),
    ]
    private let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    private let nodes = [
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
            "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
        ],
        [
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ],
        [
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ]

    @Test("every root is the known one, whatever computed it")
    func knownRoots() throws {
        let tree = SampleTree(records)
        var frontier = TreeFrontier()
        var builder = TileBuilder()
        for size in 0...records.count {
            let root = try MerkleHash(hexadecimal: roots[size])
            #expect(tree.root(size) == root)
            #expect(frontier.root == root)
            #expect(builder.root == root)
            #expect(Definition.root(tree.leaves[..<size]) == root)
            guard size < records.count else { break }
            frontier.append(MerkleHash(leaf: records[size]))
            builder.append(MerkleHash(leaf: records[size]))
        }
    }

    @Test("every node is the known one")
    func knownNodes() throws {
        let tree = SampleTree(records)
        for (level, row) in nodes.enumerated() {
            for index in row.indices {
                // A proof of a perfect tree names the nodes beside its way.
                let first = index << level
                let sibling = (index ^ 1) << level
                let proof = try tree.inclusion(of: first, in: 8)
                let expected = try MerkleHash(hexadecimal: nodes[level][sibling >> level])
                #expect(proof.hashes[level] == expected)
            }
        }
    }

    @Test("the proofs of RFC 6962, section 2.1.3, over seven entries")
    func knownProofs() throws {
        let tree = SampleTree(Array(records.prefix(7)))
        func node(_ level: Int, _ index: Int) throws -> MerkleHash {
            try MerkleHash(hexadecimal: nodes[level][index])
        }
        // The letters of the RFC's picture.
        let (b, c, d, f) = try (node(0, 1), node(0, 2), node(0, 3), node(0, 5))
        let (g, h, i, j) = try (node(1, 0), node(1, 1), node(1, 2), node(0, 6))
        let k = try node(2, 0)
        let l = MerkleHash(i, j)
        #expect(try tree.inclusion(of: 0, in: 7).hashes == [b, h, l])
        #expect(try tree.inclusion(of: 3, in: 7).hashes == [c, g, l])
        #expect(try tree.inclusion(of: 4, in: 7).hashes == [f, j, k])
        #expect(try tree.inclusion(of: 6, in: 7).hashes == [i, k])
        #expect(try tree.consistency(from: 3, to: 7).hashes == [c, d, g, l])
        #expect(try tree.consistency(from: 4, to: 7).hashes == [l])
        #expect(try tree.consistency(from: 6, to: 7).hashes == [i, j, k])
    }
}
