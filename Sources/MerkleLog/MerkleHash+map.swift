internal import Crypto

/// Hashes of a Merkle Patricia tree, as the Go team's `mpt` and WAICT's "Merkle Patricia Tree spec"
/// define them.
///
/// Leaves and inner nodes differ in length (64 and 65 bytes), so neither passes for the other.
extension MerkleHash {
    /// How many bits a hash has.
    package static let bitCount = 256

    /// The leaf of a map: the hash of key and value.
    package init(key: MerkleHash, value: MerkleHash) {
        var hasher = SHA256()
        unsafe withUnsafeBytes(of: (key.words, value.words)) {
            unsafe hasher.update(bufferPointer: $0)
        }
        self.init(hasher)
    }

    /// The inner node of a map: the hash of both sides and of the bit at which their keys part.
    package init(_ left: MerkleHash, _ right: MerkleHash, partingAt bit: UInt8) {
        var hasher = SHA256()
        unsafe withUnsafeBytes(of: (left.words, right.words)) {
            unsafe hasher.update(bufferPointer: $0)
        }
        unsafe withUnsafeBytes(of: bit) { unsafe hasher.update(bufferPointer: $0) }
        self.init(hasher)
    }

    /// The plain SHA-256 of bytes: of a key, a value, or what else is no tree.
    package init(sha256 bytes: [UInt8]) {
        var hasher = SHA256()
        unsafe bytes.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        self.init(hasher)
    }

    /// One bit, counted from the most significant of the first byte.
    @inlinable
    package func bit(_ place: UInt8) -> Bool {
        let word = words[Int(place >> 6)].bigEndian
        return word &>> UInt64(63 - place & 63) & 1 == 1
    }

    /// The first bit in which two hashes differ; nil where they are the same.
    @inlinable
    package func firstDifference(from other: MerkleHash) -> UInt8? {
        for place in 0..<4 {
            let difference = (words[place] ^ other.words[place]).bigEndian
            if difference != 0 {
                return UInt8(place * 64 + difference.leadingZeroBitCount)
            }
        }
        return nil
    }
}
