import Testing

@testable import BoundedServer

/// Callers who do not take their answers, or not as fast as they must.
///
/// The limits are shorter than usual. One at a time: who is starved by other tests would be slow, too.
@Suite("Slow readers", .serialized, .timeLimit(.minutes(2)))
struct SlowReaderTests {
    private static let time = Duration.milliseconds(1_500)
    /// The rate is the usual one for this time.
    private static func limits(unreadBytesMax: Int = 67_108_864) -> ServerLimits {
        ServerLimits(
            headerBytesMax: 16_384,
            headerFieldsMax: 64,
            idleTimeMax: .seconds(60),
            connectionsMax: 100,
            unreadTimeMax: time,
            unreadTimeBytesMin: 8_192,
            unreadBytesMax: unreadBytesMax
        )
    }

    private static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    private static func run(
        line: TestServer.Line,
        _ body: @escaping @Sendable (TestServer, HandClient) async throws -> Void
    ) async throws {
        try await TestServer.run(limits: limits(), line: line) { server in
            try await HandClient.run(port: server.port, line: line) { try await body(server, $0) }
        }
    }

    @Test(
        "an answer that nobody takes ends its connection, whole or in pieces",
        arguments: ["/bytes/4000000", "/stream/10000"],
        TestServer.Line.allCases
    )
    func unread(path: String, line: TestServer.Line) async throws {
        try await Self.run(line: line) { server, client in
            await client.send(Self.get(path))
            let time = try await client.closed()
            #expect(time > Self.time - .milliseconds(200))
            #expect(server.count("/stream") < 5_000)
        }
    }

    @Test("so does one that is taken byte by byte", arguments: TestServer.Line.allCases)
    func trickle(line: TestServer.Line) async throws {
        try await Self.run(line: line) { _, client in
            await client.send(Self.get("/stream/10000"))
            // The first pieces fill the buffers; from then on next to nothing is taken.
            let begin = ContinuousClock.now
            while !client.isClosed, .now - begin < .seconds(20) {
                if client.count < 4_096 { client.read() }
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(client.isClosed)
        }
    }

    @Test(
        "who takes it slowly and steadily gets all of it, however long that takes",
        arguments: TestServer.Line.allCases
    )
    func steady(line: TestServer.Line) async throws {
        try await Self.run(line: line) { server, client in
            await client.send(Self.get("/bytes/3000000"))
            let begin = ContinuousClock.now
            while client.count < 3_000_000, !client.isClosed {
                client.read()
                try await Task.sleep(for: .milliseconds(25))
            }
            #expect(.now - begin > Self.time * 2)
            #expect(client.text.hasSuffix("aaa"))
            await client.send(Self.get("/probe"))
            try await client.read { $0.text.hasSuffix("got /probe\n") }
            #expect(server.count("/probe") == 1)
        }
    }

    @Test(
        "an answer that says little, and takes its time, is waited for by its reader and nobody else",
        arguments: TestServer.Line.allCases
    )
    func quiet(line: TestServer.Line) async throws {
        try await Self.run(line: line) { server, client in
            // Longer than any answer may wait for its reader.
            await client.send(Self.get("/follow/8"))
            try await client.read { $0.text.hasSuffix("\r\n0\r\n\r\n") }
            #expect(server.count("/follow") == 8)
            await client.send(Self.get("/probe"))
            try await client.read { $0.text.hasSuffix("got /probe\n") }
        }
    }

    @Test(
        "the last answer is sent to its end, too, before the connection is closed",
        arguments: ["Connection: close\r\n", ""],
        TestServer.Line.allCases
    )
    func last(fields: String, line: TestServer.Line) async throws {
        try await Self.run(line: line) { _, client in
            // Longer than a connection is kept open after an answer.
            await client.send(Self.get("/bytes/6000000", fields))
            if fields.isEmpty { await client.closeOutput() }
            while client.count < 6_000_000, !client.isClosed {
                client.read()
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(client.count > 6_000_000)
        }
    }

    @Test(
        "requests that do not wait for their answers are served as far as those are taken",
        arguments: TestServer.Line.allCases
    )
    func pipelined(line: TestServer.Line) async throws {
        try await Self.run(line: line) { server, client in
            let requests = String(repeating: Self.get("/bytes/100000"), count: 60)
            await client.send(requests)
            try await Task.sleep(for: Self.time / 2)
            // Two buffers of the system, one answer that waits, and one that nobody could stop.
            #expect((1..<20).contains(server.count("/bytes")))
            try await client.read { $0.count > 60 * 100_000 }
            try await client.read { $0.text.hasSuffix("aaa") }
            #expect(server.count("/bytes") == 60)
        }
    }

    @Test(
        "nothing is served of more than a caller may have sent ahead before it closed its side",
        arguments: TestServer.Line.allCases
    )
    func ahead(line: TestServer.Line) async throws {
        try await Self.run(line: line) { server, client in
            // On a loaded machine what follows takes its time, too.
            for _ in 0..<3 { await client.send(Self.get("/late")) }
            let fields = "A: " + String(repeating: "b", count: 8_000) + "\r\n"
            for _ in 0..<40 { await client.send(Self.get("/probe", fields)) }
            await client.closeOutput()
            try await client.read { _ in false }
            #expect(client.text.contains("late"))
            #expect(server.count("/probe") < 40)
        }
    }

    @Test(
        "too much that waits for readers: who has taken nothing for the longest makes room",
        arguments: TestServer.Line.allCases
    )
    func total(line: TestServer.Line) async throws {
        let limits = Self.limits(unreadBytesMax: 2_000_000)
        try await TestServer.run(limits: limits, line: line) { server in
            try await HandClient.run(port: server.port, line: line) { first in
                await first.send(Self.get("/bytes/1500000"))
                while server.count("/bytes") < 1 { await Task.yield() }
                try await Task.sleep(for: .milliseconds(100))
                try await HandClient.run(port: server.port, line: line) { second in
                    await second.send(Self.get("/bytes/1500000"))
                    let begin = ContinuousClock.now
                    _ = try await first.closed()
                    // Long before it would have been cut for its own slowness.
                    #expect(.now - begin < Self.time * 0.8)
                    try await second.read { $0.count > 1_500_000 }
                    #expect(!second.isClosed)
                }
            }
        }
    }
}
