package import NIOCore
internal import NIOSSL

/// Certificates of callers, in DER.
///
/// TLS proves that whoever shows one holds its key. Nobody has to vouch for it, and its dates and names
/// are not looked at: who it is good for is decided by whoever knows it (RFC 8705, section 2.2).
package enum ClientCertificate {
    /// How much a caller may show, its own certificate and those behind it: it is kept as long as the
    /// connection, and goes along in the tickets by which a session is resumed.
    static let bytesMax = 16_384

    /// That of whoever is at the other end, shown on this connection or on the one whose session it
    /// resumes; nil where none was asked for or shown, or the connection is not over TLS or is closed.
    package static func shown(on channel: any Channel) async -> [UInt8]? {
        let certificate = try? await channel.nioSSL_peerCertificate().get()
        return try? certificate?.toDERBytes()
    }

    /// Those that a PEM text holds, in their order; nil where one of them cannot be read.
    ///
    /// What else stands there, such as a key, is passed over.
    package static func read(_ text: [UInt8]) -> [[UInt8]]? {
        try? NIOSSLCertificate.fromPEMBytes(text).map { try $0.toDERBytes() }
    }

    /// Whether a caller may show so much.
    static func isShort(_ chain: [NIOSSLCertificate]) -> Bool {
        var bytes = 0
        for certificate in chain {
            guard let count = try? certificate.toDERBytes().count else { return false }
            bytes += count
        }
        return bytes <= bytesMax
    }
}
