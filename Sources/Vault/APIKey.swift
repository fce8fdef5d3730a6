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
        self.init(checked: body + Self.checksum(of: body))
    }

    /// Reads a key; nil unless form and checksum are right, so typing errors ask no database.
    package init?(_ text: String) {
        guard text.utf8.count == 80, text.hasPrefix("tl_live_") || text.hasPrefix("tl_test_"),
            text.utf8.suffix(8).elementsEqual(
                Self.checksum(of: String(Substring(text.utf8.dropLast(8)))).utf8
            )
        else { return nil }
        self.init(checked: text)
    }

    private init(checked text: String) {
        secret = Secret(text)
        hash = Array(SHA256.hash(data: Array(text.utf8)))
        id = Hexadecimal.encode(hash.prefix(6))
    }

    /// Whether the key has this hash; compares in constant time.
    package func hasHash(_ stored: [UInt8]) -> Bool {
        var difference: UInt8 = 0
        for (left, right) in zip(hash, stored) { difference |= left ^ right }
        return difference == 0 && stored.count == hash.count
    }

    private static func checksum(of text: String) -> String {
        Hexadecimal.encode(SHA256.hash(data: Array("token-ledger \(text)".utf8)).prefix(4))
    }
}
