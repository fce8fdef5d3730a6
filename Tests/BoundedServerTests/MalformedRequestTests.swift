import NIOCore
import SeededRandom
import TestSupport
import Testing

@testable import BoundedServer

@Suite(.timeLimit(.minutes(5)))
struct MalformedRequestTests {
    private static let cases = MalformedRequests.all

    /// How many answers a connection gave.
    private static func answers(_ text: String) -> Int {
        text.components("HTTP/1.1 2") + text.components("HTTP/1.1 4") - 2
    }

    @Test("no malformed request is served, and what follows on its connection neither")
    func corpus() async throws {
        #expect(Self.cases.count >= 300)
        try await TestServer.run { server in
            for (name, bytes) in Self.cases {
                let sent = bytes + Array(MalformedRequests.smuggled.utf8)
                let answer = try await RawConnection.exchange([sent], port: server.port)
                #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(name): \(answer)")
                #expect(answer.contains("Connection: close\r\n"), "\(name): \(answer)")
                #expect(Self.answers(answer) == 1, "\(name): \(answer)")
            }
            #expect(server.count("/smuggled") == 0)
            #expect(server.count("/echo") == 0)
            #expect(server.count("/x") == 0)
        }
    }

    @Test("a request that breaks off anywhere is refused")
    func truncated() async throws {
        let whole = [
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3;a=\"b\"\r\nabc\r\n0\r\nA: b\r\n\r\n",
        ]
        try await TestServer.run { server in
            for request in whole.map({ Array($0.utf8) }) {
                for length in 1..<request.count {
                    let answer = try await RawConnection.exchange(
                        [Array(request.prefix(length))],
                        port: server.port
                    )
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(length) bytes: \(answer)")
                    #expect(Self.answers(answer) == 1, "\(length) bytes: \(answer)")
                }
            }
            #expect(server.count("/echo") == 0)
        }
    }

    @Test("a request before a malformed one is answered, none after it")
    func neighbours() async throws {
        let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n"
        let bad = "GET  /bad HTTP/1.1\r\nHost: a\r\n\r\n"
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(
                good + good + bad + MalformedRequests.smuggled,
                port: server.port
            )
            #expect(answer.components("got /good") == 3)
            #expect(answer.components("HTTP/1.1 400 ") == 2)
            #expect(Self.answers(answer) == 3)
            #expect(server.count("/smuggled") == 0)
        }
    }

    @Test("a refusal says what is wrong, may not be framed or sniffed, and ends the connection")
    func refusal() async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(
                [Array("GET / HTTP/1.1\r\n\r\n".utf8)],
                port: server.port,
                endsInput: false
            )
            #expect(answer.hasSuffix("\r\n\r\n\(RequestFlaw.host.rawValue)\n"))
            for field in ["X-Content-Type-Options: nosniff", "frame-ancestors 'none'", "no-store"] {
                #expect(answer.contains(field))
            }
        }
    }

    @Test("a broken body of a request that was answered early gets no second answer")
    func answeredEarly() async throws {
        try await TestServer.run { server in
            let head = "POST /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let answer = try await RawConnection.exchange(
                [Array(head.utf8), Array(("x\r\n" + MalformedRequests.smuggled).utf8)],
                port: server.port,
                awaiting: "401"
            )
            #expect(answer.hasPrefix("HTTP/1.1 401 "))
            #expect(Self.answers(answer) == 1)
            #expect(server.count("/smuggled") == 0)
        }
    }

    @Test("a body that is too large is told from one that is broken")
    func largeBodies() async throws {
        try await TestServer.run { server in
            let large = String(repeating: "a", count: 1_001)
            for (rest, status) in [
                ("Content-Length: 1001\r\n\r\n" + large, 413),
                ("Transfer-Encoding: chunked\r\n\r\n3e9\r\n\(large)\r\n0\r\n\r\n", 413),
                ("Content-Length: 1000\r\n\r\n" + large.dropLast(), 200),
                ("Content-Length: 1000\r\n\r\n" + large.dropLast(2), 400),
                ("Transfer-Encoding: chunked\r\n\r\n3e8\r\n\(large)\r\n0\r\n\r\n", 400),
            ] {
                let answer = try await RawConnection.exchange(
                    "POST /echo HTTP/1.1\r\nHost: a\r\n" + rest,
                    port: server.port
                )
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(rest.prefix(60))")
            }
        }
    }

    @Test("a body that nobody wants is not waited for: the answer ends the connection")
    func unwanted() async throws {
        try await TestServer.run { server in
            for framing in ["Content-Length: 1000000000", "Transfer-Encoding: chunked"] {
                let answer = try await RawConnection.exchange(
                    [Array("POST /refuse HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n".utf8)],
                    port: server.port,
                    endsInput: false
                )
                #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(framing)")
                #expect(answer.contains("\r\nConnection: close\r\n"), "\(framing)")
            }
            let whole = try await RawConnection.exchange(
                "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /after HTTP/1.1\r\nHost: a\r\n\r\n",
                port: server.port
            )
            #expect(Self.answers(whole) == 2, "a body that has come is no reason to end")
        }
    }

    @Test("the verdict does not depend on how the bytes are cut")
    func pieces() throws {
        for (name, bytes) in Self.cases {
            let sent = bytes + Array(MalformedRequests.smuggled.utf8)
            #expect(Self.flaw([sent]) == Self.flaw(sent.map { [$0] }), "\(name)")
            #expect(Self.flaw([sent]) != nil, "\(name)")
        }
    }

    /// What is wrong with bytes that come in pieces.
    private static func flaw(_ pieces: [[UInt8]]) -> RequestFlaw? {
        var parser = RequestParser(limits: TestServer.limits)
        do {
            for piece in pieces {
                parser.append(ByteBuffer(bytes: piece))
                while try parser.next() != nil {}
            }
            return nil
        } catch {
            return error
        }
    }
}

extension String {
    /// How many texts stand between the places of a mark.
    func components(_ mark: String) -> Int {
        var count = 1
        var rest = self[...]
        while let place = rest.firstRange(of: mark) {
            count += 1
            rest = rest[place.upperBound...]
        }
        return count
    }
}
