import Testing

@testable import BoundedServer

/// Callers who let a server wait for what they send.
///
/// The limits are shorter than usual.
@Suite("Slow callers", .timeLimit(.minutes(2)))
struct SlowCallerTests {
    private static let head = Duration.milliseconds(600)
    private static let request = Duration.milliseconds(1_800)
    private static let idle = Duration.milliseconds(3_000)
    /// A loaded machine closes late, never early.
    private static let late = Duration.seconds(20)
    private static let probe = "GET /probe HTTP/1.1\r\nHost: a\r\n\r\n"

    static let limits = limits(times: 1)

    private static func limits(times factor: Int) -> ServerLimits {
        ServerLimits(
            headerBytesMax: 16_384,
            headerFieldsMax: 64,
            idleTimeMax: idle * factor,
            connectionsMax: 100,
            headTimeMax: head * factor,
            requestTimeMax: request * factor
        )
    }

    private static func run(
        limits: ServerLimits = limits,
        _ body: @escaping @Sendable (TestServer, HandClient) async throws -> Void
    ) async throws {
        try await TestServer.run(limits: limits) { server in
            try await HandClient.run(port: server.port) { try await body(server, $0) }
        }
    }

    @Test("who sends nothing, or a head byte by byte, is cut when the head should be there")
    func heads() async throws {
        for text in ["", "G", "GET /x HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
            try await Self.run { _, client in
                await client.send(text)
                let time = try await client.closed()
                #expect(time > Self.head - .milliseconds(100), "\(text)")
            }
        }
        try await Self.run { server, client in
            let begin = ContinuousClock.now
            let fields = String(repeating: "A: b\r\n", count: 2_000)
            try await client.trickle("GET /x HTTP/1.1\r\n" + fields, every: .milliseconds(20))
            #expect(client.isClosed)
            #expect((Self.head - .milliseconds(100)..<Self.late).contains(.now - begin))
            #expect(server.count("/x") == 0)
        }
    }

    @Test("a later head has as much time as the first, from its first byte")
    func laterHead() async throws {
        try await Self.run { server, client in
            await client.send(Self.probe)
            try await client.read { $0.text.hasSuffix("got /probe\n") }
            try await Task.sleep(for: Self.head * 2)
            #expect(!client.isClosed, "who sends nothing after an answer may be silent for longer")
            let begin = ContinuousClock.now
            await client.send("GET /x HT")
            _ = try await client.closed()
            #expect(.now - begin > Self.head - .milliseconds(100))
            #expect(server.count("/x") == 0)
        }
    }

    @Test(
        "a body that does not come is cut when the request should be whole, however it is framed",
        arguments: [
            ("Content-Length: 500", ""), ("Content-Length: 500", "a"),
            ("Content-Length: 900000000", ""), ("Transfer-Encoding: chunked", ""),
            ("Transfer-Encoding: chunked", "1\r\na\r\n"),
            ("Transfer-Encoding: chunked", "1\r\na\r\n0\r\n"),
            ("Transfer-Encoding: chunked", "1;x="),
            ("Content-Length: 500\r\nExpect: 100-continue", ""),
        ]
    )
    func bodies(fields: String, start: String) async throws {
        try await Self.run { server, client in
            await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(start)")
            let time = try await client.closed()
            #expect(time > Self.request - .milliseconds(100))
            #expect(server.count("/echo") == 0)
        }
    }

    @Test(
        "a body that comes byte by byte is cut, and so are trailers",
        arguments: [
            ("Content-Length: 500", "", "a"),
            ("Transfer-Encoding: chunked", "", "1\r\na\r\n"),
            ("Transfer-Encoding: chunked", "1\r\na\r\n0\r\n", "A: b\r\n"),
            ("Transfer-Encoding: chunked", "1;x=", "y"),
        ]
    )
    func trickle(fields: String, start: String, piece: String) async throws {
        try await Self.run { server, client in
            let begin = ContinuousClock.now
            await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(start)")
            let pieces = String(repeating: piece, count: 499 / piece.count)
            try await client.trickle(pieces, every: .milliseconds(20))
            #expect(client.isClosed)
            #expect(.now - begin > Self.request - .milliseconds(100))
            #expect(server.count("/echo") == 0)
        }
    }

    @Test("who is slow within the time is served, and silence between requests is not counted")
    func honest() async throws {
        // On a loaded machine an honest caller's pauses are longer than it wanted.
        let factor = 5
        try await Self.run(limits: Self.limits(times: factor)) { server, client in
            for number in 1...2 {
                await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n")
                try await Task.sleep(for: .milliseconds(200))
                await client.send("Content-Length: 6\r\n\r\n")
                for _ in 0..<3 {
                    try await Task.sleep(for: .milliseconds(200))
                    await client.send("ab")
                }
                try await client.read { $0.text.components(of: "ababab") == number }
                #expect(server.count("/echo") == number)
                try await Task.sleep(for: Self.request * factor)
            }
            _ = try await client.closed()
        }
    }

    @Test("a caller whose answer takes longer than any request may is not cut")
    func slowAnswer() async throws {
        try await Self.run { _, client in
            await client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.read { $0.text.hasSuffix("late") }
            #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("the rest of a body that nobody wants is not read: the system takes no more of it")
    func unwanted() async throws {
        try await TestServer.run(limits: Self.limits) { server in
            try await HandClient.run(port: server.port, keepsOpen: true) { client in
                await client.send(
                    "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n"
                )
                let piece = String(repeating: "a", count: 65_536)
                var count = 0
                while !client.isClosed, count < 1_000 {
                    await client.send(piece)
                    count += 1
                }
                // The buffers of the system, and what is dropped before nothing more is read.
                #expect(count < 200)
            }
        }
    }

    @Test("who closes its side within a request is told, after the answers before")
    func halfClosed() async throws {
        try await Self.run { _, client in
            await client.send(Self.probe + "GET /x HT")
            await client.closeOutput()
            try await client.read { _ in false }
            #expect(client.text.contains("got /probe\nHTTP/1.1 400 Bad Request\r\n"))
        }
    }
}

extension String {
    /// How often a text is in this one.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
