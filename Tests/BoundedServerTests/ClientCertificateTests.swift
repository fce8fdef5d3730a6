import NIOCore
import NIOEmbedded
import NIOSSL
import SeededRandom
import Synchronization
import TestSupport
import Testing

@testable import BoundedServer

/// Callers of a server that asks them for certificates.
@Suite("Certificates of callers", .timeLimit(.minutes(2)))
struct ClientCertificateTests {
    /// The certificate's DER.
    private static func bytes(_ made: TestCertificate) throws -> [UInt8] {
        try #require(ClientCertificate.read(Array(made.certificate.utf8))?.first)
    }

    /// What a server has seen of a caller, asked twice on one connection; nil where it was not served.
    private static func seen(
        of chain: [TestCertificate],
        _ line: TestServer.Line,
        _ configure: @escaping @Sendable (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> [String]? {
        let seen = Mutex<[String]>([])
        try await TestServer.run(line: line) { server in
            try await HandClient.run(
                port: server.port,
                line: line,
                configure: { configuration in
                    configuration.certificateChain = try chain.flatMap {
                        try NIOSSLCertificate.fromPEMBytes(Array($0.certificate.utf8))
                            .map { .certificate($0) }
                    }
                    if let key = chain.first?.key {
                        configuration.privateKey = .privateKey(
                            try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
                        )
                    }
                    configure(&configuration)
                },
                { client in
                    for count in 1...2 {
                        await client.send("GET /certificate HTTP/1.1\r\nHost: a\r\n\r\n")
                        try await client.read { $0.text.count { $0 == ">" } == count }
                    }
                    let answers = client.text.matches(of: /<([^>]*)>/).map { String($0.output.1) }
                    seen.withLock { $0 = answers }
                }
            )
        }
        let answers = seen.withLock { $0 }
        return answers.count == 2 ? answers : nil
    }

    @Test(
        "the own certificate is known, whatever kind of key it has, as long as the connection lasts",
        arguments: TestCertificate.KeyKind.allCases
    )
    func shown(kind: TestCertificate.KeyKind) async throws {
        let own = try await TestCertificate.make(kind)
        let other = try await TestCertificate.make()
        for chain in [[own], [own, other], [try await own.expired()]] {
            let expected = "\(try Self.bytes(chain[0]))"
            let seen = try await Self.seen(of: chain, .asking) { configuration in
                // Without a word the library does not sign with such a key.
                if kind == .ed25519 { configuration.signingSignatureAlgorithms = [.ed25519] }
            }
            #expect(seen == [expected, expected])
        }
    }

    @Test("who shows none is served all the same, and so is everybody who is not asked")
    func none() async throws {
        let own = try await TestCertificate.make()
        #expect(try await Self.seen(of: [], .asking) == ["none", "none"])
        #expect(try await Self.seen(of: [own], .tls) == ["none", "none"])
        #expect(try await Self.seen(of: [], .open) == ["none", "none"])
    }

    @Test("nobody is asked over TLS 1.2, which would show everybody the certificate")
    func old() async throws {
        let own = try await TestCertificate.make()
        for (line, expected) in [(TestServer.Line.tls, ["none", "none"]), (.asking, nil)] {
            let seen = try await Self.seen(of: [own], line) { $0.maximumTLSVersion = .tlsv12 }
            #expect(seen == expected, "\(line)")
        }
    }

    @Test("a chain may have so many bytes and no more")
    func long() async throws {
        let own = try await TestCertificate.make()
        let size = try Self.bytes(own).count
        let most = Array(repeating: own, count: ClientCertificate.bytesMax / size)
        #expect(try await Self.seen(of: most, .asking)?.count == 2)
        #expect(try await Self.seen(of: most + [own], .asking) == nil)
        #expect(try await Self.seen(of: most + most + most + most, .asking) == nil)
    }

    @Test(
        "a handshake ends with more bytes than it may have, and what comes after it may have more"
    )
    func bound() throws {
        let piece = ByteBuffer(repeating: 0, count: HandshakeBound.bytesMax / 2)
        for isOver in [false, true] {
            let bound = HandshakeBound()
            // TLS, which is between the two, lets nothing through before the handshake is over.
            let end: [any ChannelHandler] = isOver ? [HandshakeBound.End(of: bound)] : []
            let channel = EmbeddedChannel(handlers: [bound] + end)
            channel.connect(to: try SocketAddress(unixDomainSocketPath: "/x"), promise: nil)
            for number in 1...9 where channel.isActive {
                try channel.writeInbound(piece)
                #expect(channel.isActive == (isOver || number <= 2), "\(number)")
            }
            #expect(channel.isActive == isOver)
        }
    }

    @Test("certificates are read from PEM, others are passed over, and what is broken is none")
    func reading() async throws {
        let (one, other) = (try await TestCertificate.make(), try await TestCertificate.make())
        func count(_ text: String) -> Int? { ClientCertificate.read(Array(text.utf8))?.count }
        #expect(count(one.certificate) == 1)
        #expect(count(one.certificate + other.certificate) == 2)
        #expect(count(one.key + one.certificate) == 1)
        #expect(count("Bag Attributes\n" + one.certificate.replacing("\n", with: "\r\n")) == 1)
        for text in [
            "", "x", one.key, String(one.certificate.dropLast(200)),
            one.certificate + String(other.certificate.dropLast(200)),
        ] {
            #expect(count(text) == nil)
        }
    }

    @Test("what was changed by chance is read or not, and never as what it was", arguments: 0..<20)
    func fuzz(seed: UInt64) async throws {
        let made = try await TestCertificate.make()
        let bytes = Array(made.certificate.utf8)
        let own = try Self.bytes(made)
        let first = made.certificate.prefix { $0 != "\n" }.utf8.count + 1
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            var changed = bytes
            let place = Int.random(in: first..<first + own.count, using: &random)
            guard let letter = letters.randomElement(using: &random),
                letters.contains(bytes[place]),
                letter != bytes[place]
            else { continue }
            changed[place] = letter
            #expect(ClientCertificate.read(changed)?.first != own, "\(place)")
            for _ in 0..<4 {
                let place = Int.random(in: 0..<changed.count, using: &random)
                changed[place] = UInt8.random(in: 0...255, using: &random)
            }
            #expect((ClientCertificate.read(changed) ?? []).count <= 1)
        }
    }
}
