import MerkleLog
import Testing
import Wire

/// A tree of small records, all of whose perfect subtrees are known.
struct SampleTree {
    static let small = SampleTree(1_024)

    let records: [[UInt8]]
    private let levels: [[MerkleHash]]

    init(_ count: Int) {
        self.init((0..<count).map { Array("record \($0)".utf8) })
    }

    init(_ records: [[UInt8]]) {
        self.records = records
        var levels = [records.map { MerkleHash(leaf: $0) }]
        while let row = levels.last, row.count > 1 {
            levels.append(
                stride(from: 1, to: row.count, by: 2).map { MerkleHash(row[$0 - 1], row[$0]) }
            )
        }
        self.levels = levels
    }

    var leaves: [MerkleHash] { levels[0] }

    func hash(of node: TreeNode) -> MerkleHash { levels[node.level][node.index] }

    func root(_ size: Int) -> MerkleHash {
        ProofPlan.root(of: size).hashes { hash(of: $0) }.first ?? .emptyTree
    }

    func inclusion(of index: Int, in size: Int) throws -> InclusionProof {
        let plan = try ProofPlan.inclusion(of: index, in: size)
        return InclusionProof(index: index, size: size, hashes: plan.hashes { hash(of: $0) })
    }

    func consistency(from old: Int, to new: Int) throws -> ConsistencyProof {
        let plan = try ProofPlan.consistency(from: old, to: new)
        return ConsistencyProof(old: old, new: new, hashes: plan.hashes { hash(of: $0) })
    }

    /// The tiles of this tree, as a log would have stored them.
    func tiles(_ size: Int) -> [Tile] {
        var builder = TileBuilder()
        for leaf in leaves.prefix(size) { builder.append(leaf) }
        return builder.takeTiles()
    }
}

/// RFC 6962, section 2.1, word by word: slow, and nothing to get wrong.
enum Definition {
    static func root(_ leaves: ArraySlice<MerkleHash>) -> MerkleHash {
        guard leaves.count > 1 else { return leaves.first ?? .emptyTree }
        let split = leaves.startIndex + split(leaves.count)
        return MerkleHash(root(leaves[..<split]), root(leaves[split...]))
    }

    static func path(_ index: Int, _ leaves: ArraySlice<MerkleHash>) -> [MerkleHash] {
        guard leaves.count > 1 else { return [] }
        let count = split(leaves.count)
        let split = leaves.startIndex + count
        return index < count
            ? path(index, leaves[..<split]) + [root(leaves[split...])]
            : path(index - count, leaves[split...]) + [root(leaves[..<split])]
    }

    static func proof(_ old: Int, _ leaves: ArraySlice<MerkleHash>) -> [MerkleHash] {
        subproof(old, leaves, isWhole: true)
    }

    private static func subproof(
        _ old: Int,
        _ leaves: ArraySlice<MerkleHash>,
        isWhole: Bool
    ) -> [MerkleHash] {
        guard old < leaves.count else { return isWhole ? [] : [root(leaves)] }
        let count = split(leaves.count)
        let split = leaves.startIndex + count
        return old <= count
            ? subproof(old, leaves[..<split], isWhole: isWhole) + [root(leaves[split...])]
            : subproof(old - count, leaves[split...], isWhole: false) + [root(leaves[..<split])]
    }

    private static func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}

extension [UInt8] {
    /// The same with one bit turned.
    func turned(at index: Int, bit: Int = 0) -> [UInt8] {
        var bytes = self
        bytes[index] ^= 1 << UInt8(bit)
        return bytes
    }
}

extension MerkleHash {
    init(hexadecimal text: String) throws {
        self = try #require(Hexadecimal.decode(text).flatMap { MerkleHash($0) })
    }

    /// The same with one bit turned.
    var turned: MerkleHash {
        get throws { try #require(MerkleHash(bytes.turned(at: 7, bit: 3))) }
    }
}
