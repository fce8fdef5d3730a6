internal import Crypto
package import Ledger
internal import Wire

/// What the messages to an endpoint are signed with: `whsec_` and 32 random bytes in base64, as the
/// specification of Standard Webhooks has it.
package struct WebhookSecret: Sendable {
    private static let prefix = "whsec_"
    private static let byteCount = 32

    private let bytes: [UInt8]

    /// Makes a new one.
    package init() {
        bytes = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
    }

    /// Reads one; nil for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix),
            let bytes = Base64.standard.decode(text.utf8.dropFirst(Self.prefix.utf8.count)),
            bytes.count == Self.byteCount
        else { return nil }
        self.bytes = bytes
    }

    /// The secret as its endpoint gets it.
    package var text: Secret { Secret(Self.prefix + Base64.standard.encode(bytes)) }

    /// One signature of a message: `v1,` and the HMAC-SHA-256 over its id, its time in seconds since 1970,
    /// and every byte of its body.
    package func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        var mac = HMAC<SHA256>(key: SymmetricKey(data: bytes))
        mac.update(data: Array("\(id).\(seconds).".utf8))
        mac.update(data: body)
        return "v1," + Base64.standard.encode(Array(mac.finalize()))
    }
}
