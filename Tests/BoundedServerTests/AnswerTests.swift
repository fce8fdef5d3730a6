import NIOCore
import TestSupport
import Testing

@testable import BoundedServer

@Suite(.timeLimit(.minutes(2)))
struct AnswerTests {
    private static let more = "GET /more HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func body(_ answer: String) -> String {
        guard let end = answer.firstRange(of: "\r\n\r\n") else { return "" }
        return String(answer[end.upperBound...])
    }

    @Test(
        "HTTP/1.0 is answered without chunks and closed, whatever it says of the connection",
        arguments: ["", "Host: a\r\n", "Connection: Keep-Alive\r\n"]
    )
    func old(fields: String) async throws {
        try await TestServer.run { server in
            for (path, body) in [("/pieces", "onetwothree"), ("/x", "got /x\n")] {
                let answer = try await RawConnection.exchange(
                    [Array("GET \(path) HTTP/1.0\r\n\(fields)\r\n\(Self.more)".utf8)],
                    port: server.port,
                    endsInput: false
                )
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("\r\nConnection: close\r\n"))
                #expect(!answer.contains("Transfer-Encoding"))
                #expect(Self.body(answer) == body)
            }
            #expect(server.count("/more") == 0)
        }
    }

    @Test(
        "a caller that ends the connection gets its answer and no other",
        arguments: ["close", "Close", "CLOSE", "keep-alive, close", "a,\tClose ,b", "close, TE"]
    )
    func close(value: String) async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(
                [
                    Array(
                        "GET /x HTTP/1.1\r\nHost: a\r\nConnection: \(value)\r\n\r\n\(Self.more)"
                            .utf8
                    )
                ],
                port: server.port,
                endsInput: false
            )
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(Self.body(answer) == "got /x\n")
            #expect(server.count("/more") == 0)
        }
    }

    @Test("HEAD is answered with the head of GET alone, and the connection goes on")
    func head() async throws {
        try await TestServer.run { server in
            let probe = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            for (path, length) in [("/x", "Content-Length: 7\r\n"), ("/pieces", "")] {
                let answer = try await RawConnection.exchange(
                    "HEAD \(path) HTTP/1.1\r\nHost: a\r\n\r\n" + probe,
                    port: server.port
                )
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains(length))
                #expect(answer.components("Content-Length") == (length.isEmpty ? 2 : 3))
                #expect(!answer.contains("Transfer-Encoding"))
                #expect(Self.body(answer).hasPrefix("HTTP/1.1 200 OK\r\n"), "no body between")
                #expect(answer.hasSuffix("got /probe\n"))
            }
        }
    }

    @Test("a caller that waits for it is told to send the body, after the answers before")
    func awaited() async throws {
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n"
        try await TestServer.run { server in
            let alone = try await RawConnection.exchange(
                [Array("\(head)Connection: close\r\n\r\n".utf8), Array("abc".utf8)],
                port: server.port,
                awaiting: "HTTP/1.1 100 Continue\r\n\r\n"
            )
            #expect(alone.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
            #expect(alone.hasSuffix("\r\n\r\nabc"))
            let behind = try await RawConnection.exchange(
                [Array("\(Self.more)\(head)\r\n".utf8), Array("abc".utf8)],
                port: server.port,
                awaiting: "HTTP/1.1 100 Continue\r\n\r\n"
            )
            #expect(behind.contains("got /more\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
            let old = try await RawConnection.exchange(
                "POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
                port: server.port
            )
            #expect(old.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("an answer without a known length comes in chunks, and the connection goes on")
    func chunks() async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(
                "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n" + Self.more,
                port: server.port
            )
            #expect(answer.contains("\r\nTransfer-Encoding: chunked\r\n"))
            let chunks = "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"
            #expect(Self.body(answer).hasPrefix(chunks + "HTTP/1.1 200 OK\r\n"))
        }
    }
}
