import Foundation
import HTTPTypes
import NIOCore
import TestSupport
import Testing

@testable import BoundedServer

/// What keeps an answer from being framed, sniffed, cached or named as a referrer.
@Suite("Protective fields", .timeLimit(.minutes(2)))
struct ProtectionTests {
    /// Turns everybody away who asks for `/closed`.
    private struct ClosedDoor: Door {
        let bodyBytesMax = 100

        func refusal(of request: HTTPRequest) -> Refusal? {
            guard request.path == "/closed" else { return nil }
            let head = HTTPResponse(
                status: .serviceUnavailable,
                headerFields: [.contentLength: "0"]
            )
            return Refusal(head: head, body: ByteBuffer())
        }

        func enters() {}
        func leave() {}
    }

    private static let fields = [
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
        "X-Frame-Options: DENY", "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
    ]
    private static let host = "Host: a\r\nConnection: close\r\n"

    /// One request for each form of an answer, with its status.
    private static let requests = [
        ("GET /x HTTP/1.1\r\n\(host)\r\n", 200), ("HEAD /x HTTP/1.1\r\n\(host)\r\n", 200),
        ("GET /pieces HTTP/1.1\r\n\(host)\r\n", 200), ("GET /x HTTP/1.0\r\n\r\n", 200),
        ("PUT /x HTTP/1.1\r\n\(host)\r\n", 404),
        (
            "POST /echo HTTP/1.1\r\n\(host)Content-Length: 1001\r\n\r\n"
                + String(repeating: "a", count: 1_001), 413
        ),
        ("POST /refuse HTTP/1.1\r\n\(host)Content-Length: 9\r\n\r\n", 401),
        ("GET /closed HTTP/1.1\r\n\(host)\r\n", 503),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
        ("GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ]

    @Test(
        "every answer has them, whoever gives it, and says over TLS that it comes so only",
        arguments: TestServer.Line.allCases
    )
    func everyAnswer(line: TestServer.Line) async throws {
        try await TestServer.run(door: ClosedDoor(), line: line) { server in
            for (request, status) in Self.requests {
                try await HandClient.run(port: server.port, line: line) { client in
                    await client.send(request)
                    try await client.read { $0.text.contains("\r\n\r\n") }
                    let lines = client.text.components(separatedBy: "\r\n\r\n")[0]
                        .components(separatedBy: "\r\n")
                    #expect(lines[0].contains(" \(status) "), "\(request)")
                    for field in Self.fields {
                        #expect(lines.count { $0 == field } == 1, "\(request): \(field)")
                    }
                    let secure = "Strict-Transport-Security: max-age=63072000"
                    #expect(lines.contains(secure) == (line == .tls), "\(request)")
                }
            }
        }
    }

    @Test("what an answer says itself is not said twice")
    func ownFields() async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(
                "GET /page HTTP/1.1\r\n\(Self.host)\r\n",
                port: server.port
            )
            #expect(answer.contains("Content-Security-Policy: script-src 'self'\r\n"))
            #expect(answer.contains("Cache-Control: max-age=1\r\n"))
            for absent in ["default-src", "X-Frame-Options", "no-store"] {
                #expect(!answer.contains(absent))
            }
            #expect(answer.contains("X-Content-Type-Options: nosniff\r\n"))
        }
    }
}
