internal import Crypto
package import Ledger
internal import Wire

/// What an API key may be used for.
package enum Scope: String, Sendable, CaseIterable {
    case launch
    case finish
    case tokensRead = "tokens:read"
    case tokensRecover = "tokens:recover"
    case tokensReport = "tokens:report"
    case tokensSearch = "tokens:search"
    /// Has a token shown to a person, in the console.
    case tokensReveal = "tokens:reveal"
    case usersRead = "users:read"
    case eventsRead = "events:read"
    case export
    case exportIdentities = "export:identities"
    /// Sees the app, its keys and the settings of the service, in the console.
    case settingsRead = "settings:read"
    /// Erases users.
    case erase
    /// Says where the app's events are sent, and sees what was.
    case webhooksManage = "webhooks:manage"
    /// Says of which problems nobody need hear any more, for all who look.
    case problemsMute = "problems:mute"
}

/// An API key: `tl_live_` or `tl_test_`, 256 random bits in hexadecimal, eight digits of checksum.
///
/// The prefix lets scanners find leaked keys, the checksum lets them be sure without asking us.
package struct APIKey: Sendable {
    /// The whole key, as its holder sends it.
    package let secret: Secret
    /// Names the key: the first 12 digits of its SHA-256.
    package let id: String
    /// The SHA-256 of the whole key: what is stored.
    package let hash: [UInt8]

    /// Makes a new key.
    package init(isTest: Bool) {
        let random = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
        let body = (isTest ? "tl_test_" : "tl_live_") + Hexadecimal.encode(random)
        self.init(checked: body + Self.checksum(of: Array(body.utf8)[...]))
    }

    /// Reads a key; nil unless form and checksum are right, so typing errors ask no database.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 80, text.hasPrefix("tl_live_") || text.hasPrefix("tl_test_"),
            Self.checksum(of: bytes[..<72]).utf8.elementsEqual(bytes[72...])
        else { return nil }
        self.init(checked: text)
    }

    private init(checked text: String) {
        secret = Secret(text)
        hash = Self.hash(of: Array(text.utf8)[...]).bytes()
        id = Hexadecimal.encode(hash[..<6])
    }

    /// Whether the key has this hash; compares in constant time.
    package func hasHash(_ stored: [UInt8]) -> Bool {
        // Nothing is looked at only when all bytes are right.
        var difference: UInt8 = stored.count == hash.count ? 0 : 1
        for (left, right) in zip(hash, stored) { difference |= left ^ right }
        return difference == 0
    }

    private static func checksum(of text: ArraySlice<UInt8>) -> String {
        Hexadecimal.encode(hash(of: "token-ledger ".utf8 + text).bytes(4))
    }

    private static func hash(of text: ArraySlice<UInt8>) -> SHA256Digest {
        var hasher = SHA256()
        unsafe text.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        return hasher.finalize()
    }
}
