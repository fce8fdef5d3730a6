internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The certificate that a server shows, and its key.
///
/// Both can be changed while the server runs: connections that are open go on as they began, and
/// those that come get the new ones (docs/decisions/0043-tls-without-a-proxy.md).
package final class ServerTLS: Sendable {
    /// Why a certificate and a key are no pair to serve with.
    package enum Flaw: Error, Equatable, CustomStringConvertible {
        case noCertificate
        case noKey
        case noPair

        package var description: String {
            switch self {
            case .noCertificate: "the certificates cannot be read as PEM"
            case .noKey: "the key cannot be read as PEM without a passphrase"
            case .noPair: "the key is not that of the first certificate"
            }
        }
    }

    /// All of TLS 1.2 that encrypts and authenticates at once and forgets its keys; 1.3 has nothing
    /// else.
    private static let cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"

    private let context: Mutex<NIOSSLContext>

    /// Takes both in PEM, the server's own certificate first.
    package init(certificates: [UInt8], key: [UInt8]) throws(Flaw) {
        context = Mutex(try Self.context(certificates, key))
    }

    /// Shows others from now on, if they are a pair.
    package func change(certificates: [UInt8], key: [UInt8]) throws(Flaw) {
        let context = try Self.context(certificates, key)
        self.context.withLock { $0 = context }
    }

    /// What a new connection is encrypted by.
    func handler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: context.withLock { $0 })
    }

    private static func context(
        _ certificates: [UInt8],
        _ key: [UInt8]
    ) throws(Flaw) -> NIOSSLContext {
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificates), !chain.isEmpty else {
            throw .noCertificate
        }
        guard let privateKey = try? NIOSSLPrivateKey(bytes: key, format: .pem) else {
            throw .noKey
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuites = cipherSuites
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = ServerLimits.lingerTime
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .noPair
        }
    }
}

extension Error {
    /// Whether it tells of a handshake that failed, of bytes that TLS cannot read, or of an end
    /// without a farewell.
    var isOfTLS: Bool { self is NIOSSLError || self is BoringSSLError }
}
