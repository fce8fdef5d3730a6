internal import Crypto
package import Ledger
package import MerkleLog

/// Under which keys a deployment's maps hold what they hold (docs/design.md#the-map-of-current-state).
///
/// Each is the SHA-256 of lines that end with a newline, the first of which says what it is the key
/// of. The `clientId` comes last, so that nothing in it can pass for another line.
package enum MapKey {
    /// Where the map of states holds a user's state.
    ///
    /// Everybody who has the log knows what goes in: `origin` is that of the log of facts,
    /// `clientID` stands in the records' `source`.
    package static func state(
        origin: String,
        clientID: String,
        subject: Identifier
    ) -> MerkleHash {
        var lines = HashedLines("token-ledger/map-state@v1")
        lines.append(origin)
        lines.append(subject.description)
        lines.append(clientID)
        return lines.hash
    }

    /// Where the map of names holds the subject of a `clientUserId`, by its label.
    package static func name(origin: String, clientID: String, label: Fingerprint) -> MerkleHash {
        var lines = HashedLines("token-ledger/map-name@v1")
        lines.append(origin)
        lines.append(label.description)
        lines.append(clientID)
        return lines.hash
    }

    /// The label of a `clientUserId`: HMAC-SHA-256 under the app's name key, cut to 128 bits.
    ///
    /// Whoever lacks the key can test no guess; who has it can test every guess for this app, and
    /// for no other one.
    package static func label(of clientUserID: Secret, nameKey: [UInt8]) -> Fingerprint {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(clientUserID.exposed.utf8),
            using: SymmetricKey(data: nameKey)
        )
        guard let label = Fingerprint(Array(code)) else {
            preconditionFailure("HMAC-SHA-256 has 32 bytes.")
        }
        return label
    }

    /// How many bytes an app's name key has.
    package static let nameKeyByteCount = 32
}
