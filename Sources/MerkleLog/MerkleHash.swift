internal import Crypto
internal import Wire

/// A SHA-256 hash of a tree: of a leaf, of a node, or of a whole tree (RFC 6962, section 2.1).
///
/// Leaves and nodes are hashed with different first bytes, so that no record can pass for a node.
package struct MerkleHash: Sendable, Hashable {
    /// How many bytes a hash has.
    package static let byteCount = 32

    /// The root of the tree without leaves: the hash of nothing.
    package static let emptyTree = MerkleHash(SHA256())

    private static let leafPrefix: UInt8 = 0
    private static let nodePrefix: UInt8 = 1

    /// The bytes as they lie in memory.
    ///
    /// Stored in place: a tree holds millions of hashes, and an array for each would cost more than
    /// the hashing.
    @usableFromInline
    let words: SIMD4<UInt64>

    init(_ hasher: SHA256) {
        words = unsafe hasher.finalize().withUnsafeBytes {
            unsafe $0.loadUnaligned(as: SIMD4<UInt64>.self)
        }
    }

    private init(words: SIMD4<UInt64>) {
        self.words = words
    }

    /// Hashes a record as a leaf.
    package init(leaf record: RawSpan) {
        var hasher = SHA256()
        unsafe withUnsafeBytes(of: Self.leafPrefix) { unsafe hasher.update(bufferPointer: $0) }
        unsafe record.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        self.init(hasher)
    }

    /// Hashes a record as a leaf.
    package init(leaf record: [UInt8]) {
        unsafe self.init(leaf: record.span.bytes)
    }

    /// Hashes two neighbours to the node above them.
    package init(_ left: MerkleHash, _ right: MerkleHash) {
        var hasher = SHA256()
        unsafe withUnsafeBytes(of: Self.nodePrefix) { unsafe hasher.update(bufferPointer: $0) }
        unsafe withUnsafeBytes(of: (left.words, right.words)) {
            unsafe hasher.update(bufferPointer: $0)
        }
        self.init(hasher)
    }

    /// Takes exactly 32 bytes; nil for any other number.
    package init?(_ bytes: some Sequence<UInt8>) {
        guard let hashes = Self.list(Array(bytes)), hashes.count == 1 else { return nil }
        self = hashes[0]
    }

    /// Takes hashes that stand one behind the other; nil when the last is incomplete.
    package static func list(_ bytes: [UInt8]) -> [MerkleHash]? {
        guard bytes.count.isMultiple(of: byteCount) else { return nil }
        return unsafe bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: byteCount).map { offset in
                MerkleHash(
                    words: unsafe buffer.loadUnaligned(
                        fromByteOffset: offset,
                        as: SIMD4<UInt64>.self
                    )
                )
            }
        }
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        unsafe withUnsafeBytes(of: words) { unsafe Array($0) }
    }

    /// Writes the 32 bytes behind others.
    package func append(to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: words) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Reads the base64 of 32 bytes; nil for anything else.
    package init?(base64 text: some Collection<UInt8>) {
        guard let bytes = Base64.standard.decode(text) else { return nil }
        self.init(bytes)
    }
}

extension MerkleHash: CustomStringConvertible {
    /// The base64 form, as it stands in checkpoints and proofs.
    package var description: String { Base64.standard.encode(bytes) }
}

extension MerkleHash {
    /// The root over neighbouring subtrees that get smaller from left to right.
    ///
    /// RFC 6962 splits a tree at the largest power of two, so the smaller subtrees at the right
    /// are joined first. Without subtrees it is the empty tree.
    static func root(of subtrees: some BidirectionalCollection<MerkleHash>) -> MerkleHash {
        guard var root = subtrees.last else { return .emptyTree }
        for subtree in subtrees.dropLast().reversed() {
            root = MerkleHash(subtree, root)
        }
        return root
    }

    /// The root of a perfect tree, joined pairwise in place.
    static func root(ofPerfect leaves: ArraySlice<MerkleHash>) -> MerkleHash {
        precondition(leaves.count.isPowerOfTwo, "a perfect tree has a power of two of leaves")
        var row = Array(leaves)
        var count = row.count
        while count > 1 {
            count /= 2
            for index in 0..<count {
                row[index] = MerkleHash(row[2 * index], row[2 * index + 1])
            }
        }
        return row[0]
    }
}
