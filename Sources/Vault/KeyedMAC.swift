internal import Crypto

/// HMAC-SHA-256 (RFC 2104) under one key, which is hashed once.
///
/// The library's own is generic over the hash function: with texts as short as ours a third of its
/// time was hashing, the rest looking types up.
struct KeyedMAC: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    /// Takes a key that is no longer than a block of the hash function: 64 bytes.
    init(_ key: SymmetricKey) {
        inner = Self.hasher(key, 0x36)
        outer = Self.hasher(key, 0x5C)
    }

    private static func hasher(_ key: SymmetricKey, _ pad: UInt8) -> SHA256 {
        let bytes = unsafe key.withUnsafeBytes { unsafe Array($0) }
        precondition(bytes.count <= SHA256.blockByteCount, "A longer key would be hashed first.")
        let zeros = [UInt8](repeating: 0, count: SHA256.blockByteCount - bytes.count)
        var hasher = SHA256()
        hasher.update(data: (bytes + zeros).map { $0 ^ pad })
        return hasher
    }

    /// The code of a text.
    func code(of text: [UInt8]) -> SHA256Digest {
        var hasher = inner
        unsafe text.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        let hash = hasher.finalize()
        hasher = outer
        unsafe hash.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        return hasher.finalize()
    }
}

extension SHA256Digest {
    /// The first bytes of it.
    func bytes(_ count: Int = SHA256.byteCount) -> [UInt8] {
        unsafe withUnsafeBytes { unsafe Array($0.prefix(count)) }
    }
}
