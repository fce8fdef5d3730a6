internal import Crypto
package import Ledger
internal import Wire

/// What binds a launch to a session: the SHA-256 of a verifier that stays in the session, in
/// base64url, as in PKCE (RFC 7636, section 4.2, method S256).
package struct SessionChallenge: Sendable {
    /// Bytes of a verifier (RFC 7636, section 4.1).
    package static let verifierBytes = 43...128

    let text: Secret

    /// As it is sent with a launch.
    package var spelled: String { text.exposed }

    /// Reads a challenge; nil for anything that is not the base64url of 32 bytes.
    package init?(_ text: String) {
        guard Base64.url.decode(text.utf8)?.count == SHA256.byteCount else { return nil }
        self.text = Secret(text)
    }

    /// The challenge that a verifier fits; nil for what is no verifier.
    package init?(verifier: Secret) {
        let bytes = verifier.exposedBytes
        guard Self.verifierBytes.contains(bytes.count), bytes.allSatisfy(Self.isUnreserved) else {
            return nil
        }
        text = Secret(Base64.url.encode(Array(SHA256.hash(data: bytes))))
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}

extension Vault {
    /// What the log may say of a challenge: a caller chose its bytes, so they do not stand there.
    package func fingerprint(of challenge: SessionChallenge, app: Identifier) -> Fingerprint {
        fingerprint(.challenge, of: challenge.text, app: app)
    }
}
