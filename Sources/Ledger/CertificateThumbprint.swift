internal import Wire

/// The SHA-256 of a certificate's DER, by which an API key names the certificates that it is bound to
/// (`x5t#S256` of RFC 8705, section 3.1).
package struct CertificateThumbprint: Sendable, Hashable {
    private static let byteCount = 32

    private let bytes: [UInt8]

    /// Takes a hash of 32 bytes; nil for any other length.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Reads what `description` writes, and nothing else.
    package init?(_ text: some StringProtocol) {
        guard let bytes = Base64.url.decode(text.utf8) else { return nil }
        self.init(bytes: bytes)
    }
}

extension CertificateThumbprint: CustomStringConvertible {
    /// The one spelling: 43 characters of base64url without padding.
    package var description: String { Base64.url.encode(bytes) }
}
