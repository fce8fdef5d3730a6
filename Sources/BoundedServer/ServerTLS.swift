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

    /// With what callers may sign, to show that they hold the key of their certificate: nothing with
    /// SHA-1.
    private static let callerSignatures: [SignatureAlgorithm] = [
        .ed25519, .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512,
        .rsaPssRsaeSha256, .rsaPssRsaeSha384, .rsaPssRsaeSha512,
        // These sign certificates alone; some clients show none that is signed by what is not named.
        .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
    ]

    /// Whether callers are asked for certificates of their own, which they need not show.
    private let asksCallers: Bool
    private let context: Mutex<NIOSSLContext>

    /// Takes both in PEM, the server's own certificate first.
    ///
    /// Where callers are asked for certificates, TLS 1.3 is the least: 1.2 would show theirs to everybody
    /// on the way, and would keep them in memory for sessions that nobody resumes.
    package init(
        certificates: [UInt8],
        key: [UInt8],
        asksCallers: Bool = false
    ) throws(Flaw) {
        self.asksCallers = asksCallers
        context = Mutex(try Self.context(certificates, key, asksCallers))
    }

    /// Shows others from now on, if they are a pair.
    package func change(certificates: [UInt8], key: [UInt8]) throws(Flaw) {
        let context = try Self.context(certificates, key, asksCallers)
        self.context.withLock { $0 = context }
    }

    /// Encrypts a new connection from here on; what is added to the pipeline then speaks in the clear.
    func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        let context = context.withLock { $0 }
        guard asksCallers else {
            return try pipeline.addHandler(NIOSSLServerHandler(context: context))
        }
        let bound = HandshakeBound()
        try pipeline.addHandler(bound)
        // It is asked in place of all other checks, and only about those who show something.
        let handler = NIOSSLServerHandler(context: context) { chain, verdict in
            verdict.succeed(ClientCertificate.isShort(chain) ? .certificateVerified : .failed)
        }
        try pipeline.addHandler(handler)
        try pipeline.addHandler(HandshakeBound.End(of: bound))
    }

    private static func context(
        _ certificates: [UInt8],
        _ key: [UInt8],
        _ asksCallers: Bool
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
        configuration.minimumTLSVersion = asksCallers ? .tlsv13 : .tlsv12
        configuration.cipherSuites = cipherSuites
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = ServerLimits.lingerTime
        if asksCallers {
            configuration.certificateVerification = .optionalVerification
            // Nobody vouches for callers, so nothing is read of whom the system trusts.
            configuration.trustRoots = .certificates([])
            configuration.verifySignatureAlgorithms = callerSignatures
        }
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
