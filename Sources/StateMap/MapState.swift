package import Ledger
package import MerkleLog

/// What the map of states says of one user: the projection's row, and the event that it stands on.
package struct MapState: Sendable, Equatable {
    /// The count of the user's events.
    package let version: Int64
    /// The position of the newest of them in the log of facts.
    package let position: Int64
    /// The leaf hash of its record (RFC 6962).
    package let record: MerkleHash
    /// The state as the projection stores it, one line of JSON.
    package let state: [UInt8]

    /// Takes what a row says; the state must be one line.
    package init(version: Int64, position: Int64, record: MerkleHash, state: [UInt8]) {
        self.version = version
        self.position = position
        self.record = record
        self.state = state
    }

    /// What the map holds: the SHA-256 of lines, with the state by its own SHA-256.
    ///
    /// Whoever folds the log computes the same.
    package var value: MerkleHash {
        var lines = HashedLines("token-ledger/map-value@v1")
        lines.append(String(version))
        lines.append(String(position))
        lines.append(record.description)
        lines.append(MerkleHash(sha256: state).description)
        return lines.hash
    }

    /// What the map of names holds: the subject of a label, hashed.
    package static func name(of subject: Identifier) -> MerkleHash {
        var lines = HashedLines("token-ledger/map-subject@v1")
        lines.append(subject.description)
        return lines.hash
    }
}
