import TestSupport
import Testing

@testable import BoundedServer

/// Callers of a server with TLS who do not get as far as a request.
///
/// The limits are shorter than usual.
@Suite("Handshakes", .timeLimit(.minutes(2)))
struct HandshakeTests {
    private static let time = Duration.milliseconds(600)
    private static let limits = ServerLimits(
        headerBytesMax: 16_384,
        headerFieldsMax: 64,
        idleTimeMax: .seconds(60),
        connectionsMax: 100,
        headTimeMax: time
    )
    /// The start of a record with a ClientHello of 512 bytes.
    private static let hello = "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{7c}\u{3}\u{3}"

    /// Lends a client that speaks in the clear to a server that does not.
    private static func run(
        _ body: @escaping @Sendable (HandClient) async throws -> Void
    ) async throws {
        try await TestServer.run(limits: limits, line: .tls) { server in
            try await HandClient.run(port: server.port) { try await body($0) }
        }
    }

    @Test("a handshake has no more time than the first head", arguments: ["", hello])
    func silence(start: String) async throws {
        try await Self.run { client in
            await client.send(start)
            let time = try await client.closed()
            #expect(time > Self.time - .milliseconds(100))
        }
    }

    @Test("nor has one that comes byte by byte")
    func trickle() async throws {
        try await Self.run { client in
            let rest = String(repeating: "\u{1}", count: 500)
            // It ends when the connection does; whoever sent all of it would still be connected.
            try await client.trickle(Self.hello + rest, every: .milliseconds(20))
            #expect(client.isClosed)
        }
    }

    @Test("who does not speak TLS is told no more than that, and the connection ends")
    func plain() async throws {
        // Nobody waits for the deadline, which a loaded machine is far from.
        let limits = ServerLimits(
            headerBytesMax: 16_384,
            headerFieldsMax: 64,
            idleTimeMax: .seconds(90),
            connectionsMax: 100,
            headTimeMax: .seconds(90)
        )
        try await TestServer.run(limits: limits, line: .tls) { server in
            let begin = ContinuousClock.now
            let answer = try await RawConnection.exchange(
                "GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
                port: server.port
            )
            #expect(!answer.contains("HTTP"))
            #expect(.now - begin < .seconds(60))
            #expect(server.count("/x") == 0)
        }
    }

    @Test("a handshake that is not finished takes a place, and makes room for those who come")
    func room() async throws {
        let limits = ServerLimits(
            headerBytesMax: 16_384,
            headerFieldsMax: 64,
            idleTimeMax: .seconds(60),
            connectionsMax: 1,
            headTimeMax: .seconds(60)
        )
        try await TestServer.run(limits: limits, line: .tls) { server in
            try await HandClient.run(port: server.port) { silent in
                await silent.send(Self.hello)
                try await HandClient.run(port: server.port, line: .tls) { client in
                    await client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
                    try await client.read { $0.text.hasSuffix("got /x\n") }
                }
                _ = try await silent.closed()
            }
        }
    }

    @Test("who ends its side without a farewell gets the answers to all that it asked before")
    func ragged() async throws {
        try await TestServer.run(line: .tls) { server in
            try await HandClient.run(port: server.port, keepsOpen: true, line: .tls) { client in
                await client.send(
                    ["/late", "/1", "/2"].map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
                )
                try await client.cutOutput()
                try await client.read { $0.text.hasSuffix("got /2\n") }
                #expect(client.text.hasSuffix("got /2\n"))
            }
        }
    }

    @Test("a pair that is none is refused, and what was shown before stays")
    func pairs() async throws {
        let (one, other) = (try await TestCertificate.make(), try await TestCertificate.make())
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
        let tls = try ServerTLS(certificates: bytes(one.certificate), key: bytes(one.key))
        let half = String(one.certificate.dropLast(200))
        for (certificates, key, flaw) in [
            (one.certificate, other.key, ServerTLS.Flaw.noPair),
            (other.certificate + one.certificate, one.key, .noPair),
            (half, one.key, .noCertificate), ("", one.key, .noCertificate),
            (one.certificate, String(one.key.dropLast(100)), .noKey), (one.certificate, "", .noKey),
            (one.certificate, one.certificate, .noKey),
        ] {
            #expect(throws: flaw) {
                try tls.change(certificates: bytes(certificates), key: bytes(key))
            }
            #expect(throws: flaw) {
                try ServerTLS(certificates: bytes(certificates), key: bytes(key))
            }
        }
        // A chain begins with the server's own.
        try tls.change(
            certificates: bytes(one.certificate + other.certificate),
            key: bytes(one.key)
        )
    }
}
