import BoundedServer
import Foundation
import HTTPTypes
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Turns away who asks for `/closed`, and counts who is inside.
private final class TestDoor: Door {
    let bodyBytesMax = 100
    private let inside = Mutex(0)
    private let askedFor = Mutex(0)
    private let most = Mutex(0)

    /// How many heads were read.
    var askedCount: Int { askedFor.withLock { $0 } }

    /// How many were inside at once, at most.
    var mostInside: Int { most.withLock { $0 } }

    var insideCount: Int { inside.withLock { $0 } }

    func refusal(of request: HTTPRequest) -> Refusal? {
        askedFor.withLock { $0 += 1 }
        guard request.path == "/closed" else { return nil }
        return Refusal(
            head: HTTPResponse(
                status: .serviceUnavailable,
                headerFields: [.retryAfter: "2", .contentLength: "4"]
            ),
            body: ByteBuffer(string: "full")
        )
    }

    func enters() {
        let count = inside.withLock { inside in
            inside += 1
            return inside
        }
        most.withLock { $0 = max($0, count) }
    }

    func leave() { inside.withLock { $0 -= 1 } }
}

/// What reaches a server whose door is closed to some, byte by byte.
@Suite("A door", .timeLimit(.minutes(2)))
struct DoorTests {
    private static let refused =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 4\r\n"
    /// What every answer has, behind what is its own (`ProtectionTests`).
    private static let protection = [
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        "X-Frame-Options: DENY", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer", "", "",
    ].joined(separator: "\r\n")
    private static let last = refused + "Connection: close\r\n" + protection + "full"
    private static let slowCount = 4
    private static let host = "Host: a\r\n"
    private static let probe = "GET /probe HTTP/1.1\r\n\(host)\r\n"

    private static func post(_ fields: String, _ body: String) -> String {
        "POST /closed HTTP/1.1\r\n\(host)\(fields)\r\n\(body)"
    }

    /// Lends a server with a door; all who were let in have left at the end.
    private static func run(
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let door = TestDoor()
        try await TestServer.run(door: door) { server in
            try await body(server)
            while door.insideCount != 0 { await Task.yield() }
        }
    }

    @Test(
        "who is turned away is answered without being served, and the connection goes on",
        arguments: [
            ("Content-Length: 3\r\n", "abc"), ("", ""),
            ("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
        ]
    )
    func refusal(fields: String, body: String) async throws {
        try await Self.run { server in
            let head = Self.post(fields, "")
            let answer = try await RawConnection.exchange(
                [head, body + Self.probe].map { Array($0.utf8) },
                port: server.port,
                pausing: .milliseconds(20)
            )
            #expect(answer.hasPrefix(Self.refused + Self.protection + "fullHTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("got /probe\n"))
            #expect(server.count("/closed") == 0)
        }
    }

    @Test("requests that did not wait for their answers are answered in their order")
    func order() async throws {
        try await Self.run { server in
            let refused = Self.post("Content-Length: 3\r\n", "abc")
            let get = { (path: String) in "GET \(path) HTTP/1.1\r\n\(Self.host)\r\n" }
            let answer = try await RawConnection.exchange(
                refused + get("/1") + refused + refused + get("/2") + get("/closed") + get("/3"),
                port: server.port
            )
            let bodies = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map {
                $0.components(separatedBy: "\r\n\r\n").last
            }
            #expect(
                bodies == ["full", "got /1\n", "full", "full", "got /2\n", "full", "got /3\n"]
            )
            #expect(server.count("/closed") == 0)
        }
    }

    @Test("however many come behind one that is served, all are answered")
    func crowd() async throws {
        try await Self.run { server in
            let refused = Array(Self.post("Content-Length: 3\r\n", "abc").utf8)
            let pieces = [Array(Self.probe.utf8)] + Array(repeating: refused, count: 200)
            let answer = try await RawConnection.exchange(pieces, port: server.port)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.components(separatedBy: Self.refused).count == 201)
        }
    }

    @Test("HEAD is refused without a body, HTTP/1.0 and who says so with the connection's end")
    func forms() async throws {
        try await Self.run { server in
            let head = try await RawConnection.exchange(
                "HEAD /closed HTTP/1.1\r\n\(Self.host)\r\n" + Self.probe,
                port: server.port
            )
            #expect(head.hasPrefix(Self.refused + Self.protection + "HTTP/1.1 200 OK\r\n"))
            for request in [
                "GET /closed HTTP/1.0\r\n\r\n",
                "GET /closed HTTP/1.1\r\n\(Self.host)Connection: Close\r\n\r\n",
            ] {
                let answer = try await RawConnection.exchange(
                    [Array((request + Self.probe).utf8)],
                    port: server.port,
                    endsInput: false
                )
                #expect(answer == Self.last)
            }
            #expect(server.count("/probe") == 1)
        }
    }

    @Test(
        "who asks before it sends the body is refused at once, and nothing after is read",
        arguments: ["", "abc", "abc" + probe, probe]
    )
    func expectation(next: String) async throws {
        try await Self.run { server in
            let answer = try await RawConnection.exchange(
                [Self.post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""), next]
                    .map { Array($0.utf8) },
                port: server.port,
                awaiting: "full",
                endsInput: false
            )
            #expect(answer == Self.last)
            #expect(server.count("/probe") == 0)
        }
    }

    @Test(
        "of a body that is too long no more is read",
        arguments: [
            "Content-Length: 1000\r\n\r\n" + String(repeating: "a", count: 101),
            "Transfer-Encoding: chunked\r\n\r\n80\r\n" + String(repeating: "a", count: 128),
        ]
    )
    func length(rest: String) async throws {
        try await Self.run { server in
            let answer = try await RawConnection.exchange(
                [Array("POST /closed HTTP/1.1\r\n\(Self.host)\(rest)".utf8)],
                port: server.port,
                endsInput: false
            )
            #expect(answer == Self.last)
        }
    }

    @Test(
        "a broken body is refused for that, and nothing after it is served",
        arguments: [
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\nx\r\n", "Content-Length: 5\r\n\r\nabc",
        ]
    )
    func broken(rest: String) async throws {
        try await Self.run { server in
            let ends = rest.hasPrefix("Content-Length")
            let answer = try await RawConnection.exchange(
                "POST /closed HTTP/1.1\r\n\(Self.host)\(rest)" + (ends ? "" : Self.probe),
                port: server.port
            )
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(answer.contains("Connection: close\r\n"))
            #expect(!answer.contains("503"))
            #expect(server.count("/probe") == 0)
        }
    }

    @Test(
        "who sends slowly or reads slowly is not inside, and who waits for the server is",
        arguments: [
            ("POST /echo HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nabc", waits: false),
            ("POST /echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n", waits: false),
            ("GET /stream/1000 HTTP/1.1\r\n\(host)\r\n", waits: false),
            ("GET /late HTTP/1.1\r\n\(host)\r\n", waits: true),
        ]
    )
    func slow(request: String, waits: Bool) async throws {
        let door = TestDoor()
        try await TestServer.run(door: door) { server in
            try await withThrowingTaskGroup { group in
                for _ in 0..<Self.slowCount {
                    group.addTask {
                        try await HandClient.run(port: server.port) { client in
                            await client.send(request)
                            try await Task.sleep(for: .seconds(60))
                        }
                    }
                }
                while door.askedCount < Self.slowCount { await Task.yield() }
                if waits {
                    while door.mostInside < Self.slowCount { await Task.yield() }
                } else {
                    while door.insideCount > 0 { await Task.yield() }
                    // Where the rule is broken, it shows a moment later.
                    try await Task.sleep(for: .milliseconds(200))
                    #expect(door.insideCount == 0)
                }
                group.cancelAll()
                while let _ = try? await group.next() {}
            }
            while door.insideCount != 0 { await Task.yield() }
        }
    }

    @Test("an answer before the end of its request lets nobody in afterwards")
    func early() async throws {
        let door = TestDoor()
        try await TestServer.run(door: door) { server in
            let refuse = "POST /refuse HTTP/1.1\r\n\(Self.host)Content-Length: 3\r\n\r\n"
            let answer = try await RawConnection.exchange(
                [refuse, "abc" + Self.probe].map { Array($0.utf8) },
                port: server.port,
                pausing: .milliseconds(300)
            )
            #expect(answer.hasPrefix("HTTP/1.1 401"))
            while door.insideCount != 0 { await Task.yield() }
            #expect(door.mostInside <= 1)
        }
    }

    @Test("a broken request after one that is turned away is refused, and ends the connection")
    func brokenNext() async throws {
        try await Self.run { server in
            let answer = try await RawConnection.exchange(
                Self.post("Content-Length: 3\r\n", "abc") + "GET  /x HTTP/1.1\r\n\r\n" + Self.probe,
                port: server.port
            )
            #expect(
                answer.hasPrefix(
                    Self.refused + Self.protection + "fullHTTP/1.1 400 Bad Request\r\n"
                )
            )
            #expect(server.count("/probe") == 0)
        }
    }
}
