internal import Crypto
internal import MerkleLog

extension MerkleHash {
    /// The plain SHA-256 of what was put into the hasher.
    init(sha256 hasher: SHA256) {
        // SHA-256 always has 32 bytes.
        self = MerkleHash(hasher.finalize()) ?? .emptyTree
    }
}
