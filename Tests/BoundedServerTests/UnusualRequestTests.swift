import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import BoundedServer

@Suite(.timeLimit(.minutes(2)))
struct UnusualRequestTests {
    private static let probe = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    /// Requests that RFC 9110 and 9112 allow, and what their answer holds.
    private static var requests: [(request: String, answer: String)] {
        let lines = [
            "GET /x HTTP/1.1", "\r\nGET /x HTTP/1.1", "GET http://a/x HTTP/1.1",
            "GET HTTPS://a:443/x HTTP/1.1", "GET http://[::1]:80/x?y HTTP/1.1", "GET /x? HTTP/1.1",
            "GET /x?a=b?c/d:e@f!$&'()*+,; HTTP/1.1", "GET /x?%00%FF HTTP/1.1",
        ].map { ($0 + "\r\nHost: a\r\n\r\n", "got /x\n") }
        let paths = [
            "/a;b=c", "/a,b", "/a:b@c", "/-._~", "/!$&'()*+", "/%41", "/" + path(of: 8_000),
        ].map { ("GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n", "got \($0)\n") }
        let hosts = [
            "Host:a", "Host: a ", "Host:\ta\t", "HOST: A", "hOsT: a.b.c.", "Host: a:80", "Host: a:",
            "Host: [::1]", "Host: [::ffff:1.2.3.4]:8080", "Host: 127.0.0.1", "Host: a_b",
            "Host: xn--e1aybc.example", "Host: %61",
        ].map { ("GET /x HTTP/1.1\r\n\($0)\r\n\r\n", "got /x\n") }
        let fields = [
            "A:", "A: ", "A:\t \t", "A: b\tc d", "A: \u{E9}", "!#$%&'*+-.^_`|~09azAZ: b",
            "A: a\r\nA: b",
            "Connection: keep-alive", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c",
            "Connection: closed, xclose", "Upgrade: websocket", "Expect: 100-continue",
            "Content-Length: 0",
            "Content-Length: 000", "Proxy-Connection: close", "TE: trailers", "X-Forwarded-Host: b",
            "Cookie: a=b; c=d", Array(repeating: "A: b", count: 63).joined(separator: "\r\n"),
            "A: " + String(repeating: "b", count: 16_000),
        ].map { ("GET /x HTTP/1.1\r\nHost: a\r\n\($0)\r\n\r\n", "got /x\n") }
        let bodies =
            [
                "Content-Length: 3\r\n\r\nabc", "content-LENGTH:3 \r\n\r\nabc",
                "Content-Length: 003\r\n\r\nabc",
                "Content-Length: 16\r\n\r\nGET /\r\n\r\nabc\r\n\r\n",
                "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
            ]
            + [
                "3\r\nabc\r\n0\r\n\r\n", "1\r\na\r\n02\r\nbc\r\n000\r\n\r\n",
                "3;a\r\nabc\r\n0;b\r\n\r\n",
                "3;a=b;c=\"d e\\\"\"\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nA: b\r\nC:\r\n\r\n",
                "00000000000003\r\nabc\r\n0\r\n\r\n",
            ].flatMap {
                [
                    "Transfer-Encoding: chunked\r\n\r\n" + $0,
                    "transfer-encoding:\tCHUNKED \r\n\r\n" + $0,
                ]
            } + ["Transfer-Encoding: chunked\r\n\r\nB\r\nabc\r\n\r\nabcd\r\n0\r\n\r\n"]
        return lines + paths + hosts + fields
            + bodies.map { ("POST /echo HTTP/1.1\r\nHost: a\r\n\($0)", "abc") }
            + ["OPTIONS * HTTP/1.1", "M-SEARCH /x HTTP/1.1", "get /x HTTP/1.1", "! /x HTTP/1.1"]
            .map { ("\($0)\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ") }
    }

    private static func path(of length: Int) -> String { String(repeating: "a", count: length) }

    @Test("requests that are valid but unusual are served, and so is what follows them")
    func corpus() async throws {
        try await TestServer.run { server in
            var number = 0
            for (request, expected) in Self.requests {
                number += 1
                let text = request + Self.probe
                let answer = try await RawConnection.exchange(text, port: server.port)
                #expect(answer.contains(expected), "\(request): \(answer)")
                #expect(answer.hasSuffix("got /probe\n"), "\(request): \(answer)")
                #expect(server.count("/probe") == number, "\(request)")
            }
        }
    }

    @Test("requests are read the same however they are cut")
    func pieces() throws {
        for (request, _) in Self.requests {
            let bytes = Array((request + Self.probe).utf8)
            let whole = try Self.parts([bytes])
            #expect(whole.paths.count == 2, "\(request)")
            #expect(try Self.parts(bytes.map { [$0] }) == whole, "\(request)")
            for cut in stride(from: 1, to: bytes.count, by: 7) {
                let pieces = [Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut))]
                #expect(try Self.parts(pieces) == whole, "\(request) cut at \(cut)")
            }
        }
    }

    private struct Parts: Equatable {
        var paths: [String?] = []
        var body: [UInt8] = []
        var endCount = 0
    }

    private static func parts(_ pieces: [[UInt8]]) throws -> Parts {
        var parser = RequestParser(limits: TestServer.limits)
        var parts = Parts()
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let part = try parser.next() {
                switch part {
                case .head(let head): parts.paths.append(head.request.path)
                case .body(let buffer): parts.body += Array(buffer.readableBytesView)
                case .end: parts.endCount += 1
                }
            }
        }
        #expect(!parser.isWithinRequest)
        return parts
    }
}
