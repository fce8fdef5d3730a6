import Synchronization
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

    private static func limits(times factor: Int, idle: Duration = idle) -> ServerLimits {
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
        limits: ServerLimits? = nil,
        line: TestServer.Line = .open,
        _ body: @escaping @Sendable (TestServer, HandClient) async throws -> Void
    ) async throws {
        let limits = limits ?? Self.limits(times: line.patience)
        try await TestServer.run(limits: limits, line: line) { server in
            try await HandClient.run(port: server.port, line: line) { try await body(server, $0) }
        }
    }

    @Test(
        "who sends nothing, or a head byte by byte, is cut when the head should be there",
        arguments: TestServer.Line.allCases
    )
    func heads(line: TestServer.Line) async throws {
        for text in ["", "G", "GET /x HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
            try await Self.run(line: line) { _, client in
                await client.send(text)
                let time = try await client.closed()
                #expect(time > Self.head * line.patience - .milliseconds(100), "\(text)")
            }
        }
        try await Self.run(line: line) { server, client in
            let fields = String(repeating: "A: b\r\n", count: 2_000)
            try await client.trickle("GET /x HTTP/1.1\r\n" + fields, every: .milliseconds(20))
            #expect(client.isClosed)
            let time = client.age
            #expect(time > Self.head * line.patience - .milliseconds(100))
            #expect(time < Self.late)
            #expect(server.count("/x") == 0)
        }
    }

    @Test(
        "a later head has as much time as the first, from its first byte",
        arguments: TestServer.Line.allCases
    )
    func laterHead(line: TestServer.Line) async throws {
        // Far more silence than is meant, for a machine that stands still.
        let limits = Self.limits(times: line.patience, idle: .seconds(60))
        try await Self.run(limits: limits, line: line) { server, client in
            await client.send(Self.probe)
            try await client.read { $0.text.hasSuffix("got /probe\n") }
            try await Task.sleep(for: Self.head * line.patience * 2)
            #expect(!client.isClosed, "who sends nothing after an answer may be silent for longer")
            let begin = ContinuousClock.now
            await client.send("GET /x HT")
            _ = try await client.closed()
            #expect(.now - begin > Self.head * line.patience - .milliseconds(100))
            #expect(server.count("/x") == 0)
        }
    }

    @Test(
        "a body that does not come is cut when the request should be whole, however it is framed",
        arguments: [
            ("Content-Length: 500", ""), ("Content-Length: 500", "a"),
            ("Transfer-Encoding: chunked", ""),
            ("Transfer-Encoding: chunked", "1\r\na\r\n"),
            ("Transfer-Encoding: chunked", "1\r\na\r\n0\r\n"),
            ("Transfer-Encoding: chunked", "1;x="),
            ("Content-Length: 500\r\nExpect: 100-continue", ""),
        ],
        TestServer.Line.allCases
    )
    func bodies(body: (fields: String, start: String), line: TestServer.Line) async throws {
        let (fields, start) = body
        try await Self.run(line: line) { server, client in
            await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(start)")
            let time = try await client.closed()
            #expect(time > Self.request * line.patience - .milliseconds(100))
            #expect(server.count("/echo") == 0)
        }
    }

    @Test(
        "a body that is announced as too long is refused before any of it has come",
        arguments: TestServer.Line.allCases,
        ["", "Expect: 100-continue\r\n"]
    )
    func announced(line: TestServer.Line, expectation: String) async throws {
        try await Self.run(line: line) { server, client in
            await client.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\n\(expectation)Content-Length: 900000000\r\n\r\n"
            )
            try await client.read { $0.text.contains("\r\n\r\n") }
            #expect(client.text.hasPrefix("HTTP/1.1 413 "))
            #expect(client.text.contains("Connection: close\r\n"))
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
            await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(start)")
            let pieces = String(repeating: piece, count: 499 / piece.count)
            try await client.trickle(pieces, every: .milliseconds(20))
            #expect(client.isClosed)
            // The first request of a connection begins with it.
            #expect(client.age > Self.request - .milliseconds(100))
            #expect(server.count("/echo") == 0)
        }
    }

    @Test("who is slow within the time is served, and silence between requests is not counted")
    func honest() async throws {
        // A machine that stands still makes a slow caller a late one, which says nothing.
        for _ in 0..<10 where try await isServedOrLate() == .served { return }
        Issue.record("no attempt kept its own times")
    }

    private enum Attempt { case served, late }

    private func isServedOrLate() async throws -> Attempt {
        let factor = 5
        let attempt = Mutex(Attempt.served)
        try await Self.run(limits: Self.limits(times: factor)) { server, client in
            for number in 1...2 {
                let begin = ContinuousClock.now
                await client.send("POST /echo HTTP/1.1\r\nHost: a\r\n")
                try await Task.sleep(for: .milliseconds(200))
                await client.send("Content-Length: 6\r\n\r\n")
                let head = ContinuousClock.now - begin
                for _ in 0..<3 {
                    try await Task.sleep(for: .milliseconds(200))
                    await client.send("ab")
                }
                let request = ContinuousClock.now - begin
                try await client.read { $0.text.components(of: "ababab") == number }
                if head * 2 > Self.head * factor || request * 2 > Self.request * factor {
                    return attempt.withLock { $0 = .late }
                }
                #expect(server.count("/echo") == number)
                let silence = ContinuousClock.now
                try await Task.sleep(for: Self.request * factor)
                if (.now - silence) * 5 > Self.idle * factor * 4 {
                    return attempt.withLock { $0 = .late }
                }
            }
            _ = try await client.closed()
        }
        return attempt.withLock { $0 }
    }

    @Test("a caller whose answer takes longer than any request may is not cut")
    func slowAnswer() async throws {
        try await Self.run { _, client in
            await client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.read { $0.text.hasSuffix("late") }
            #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test(
        "the rest of a body that nobody wants is not read: the system takes no more of it",
        arguments: TestServer.Line.allCases
    )
    func unwanted(line: TestServer.Line) async throws {
        try await TestServer.run(limits: Self.limits(times: line.patience), line: line) { server in
            try await HandClient.run(port: server.port, keepsOpen: true, line: line) { client in
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

    @Test("who goes on sending after the answer is closed before who came earlier and is silent")
    func flood() async throws {
        let head = "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n"
        try await TestServer.run(limits: Self.limits) { server in
            try await HandClient.run(port: server.port, keepsOpen: true) { silent in
                await silent.send(head)
                try await silent.read { $0.text.contains("401") }
                try await HandClient.run(port: server.port, keepsOpen: true) { client in
                    await client.send(head)
                    let piece = String(repeating: "a", count: 65_536)
                    while !client.isClosed { await client.send(piece) }
                }
                // A reset would be told by the second.
                for _ in 0..<2 {
                    await silent.send("a")
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(!silent.isClosed)
            }
        }
    }

    @Test(
        "who closes its side within a request is told, after the answers before",
        arguments: TestServer.Line.allCases
    )
    func halfClosed(line: TestServer.Line) async throws {
        try await Self.run(line: line) { _, client in
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
