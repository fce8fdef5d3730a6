internal import MerkleLog

/// Lines that are hashed as a whole; the first says what they are about.
struct HashedLines {
    /// A few hashes, ids and names; what is longer grows.
    private static let bytesUsual = 192

    private var bytes: [UInt8] = []

    init(_ first: String) {
        bytes.reserveCapacity(Self.bytesUsual)
        append(first)
    }

    mutating func append(_ line: String) {
        bytes += line.utf8
        bytes.append(LineReader.newline)
    }

    var hash: MerkleHash { MerkleHash(sha256: bytes) }
}
