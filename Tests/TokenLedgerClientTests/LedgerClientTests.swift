import Testing
import TestSupport
import TokenLedgerClient

@Suite("a client and a service that misbehaves", .timeLimit(.minutes(2)))
struct LedgerClientTests {
    private func told(
        _ script: StubProvider.Script,
        _ body: (StubProvider, LedgerClient) async -> String
    ) async throws -> (String, [String]) {
        try await StubProvider.run(script) { stub, url in
            let client = try LedgerClient(url: url, key: "tl_test_key")
            let told = await body(stub, client)
            await client.shutdown()
            return (told, stub.requests)
        }
    }

    private func error(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test("an address is https, or of this machine, and nothing but an origin")
    func addresses() async throws {
        for url in ["https://ledger.example.com", "https://a:8443/", "http://127.0.0.1:80"] {
            let client = try LedgerClient(url: url, key: "k")
            await client.shutdown()
        }
        for url in [
            "http://ledger.example.com", "https://", "ledger.example.com", "https://a/v1",
            "https://me:pw@a", "https://a?b", "ftp://a", "http://localhost.evil.example", "",
        ] {
            #expect(throws: LedgerClientError.self, "\(url)") {
                try LedgerClient(url: url, key: "k")
            }
        }
        for key in ["", "a b", "a\r\nX: y", "ü"] {
            #expect(throws: LedgerClientError.self) { try LedgerClient(url: "https://a", key: key) }
        }
    }

    @Test("a lost connection is tried once more, and what is not ours is told as such")
    func foreign() async throws {
        let (lost, requests) = try await told(.reset(after: "")) { _, client in
            await error { _ = try await client.tokens(of: "a/b c") }
        }
        #expect(lost == "the service cannot be reached")
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.hasPrefix("GET /v1/users/a%2Fb%20c/tokens HTTP/1.1\r\n") })
        let (html, _) = try await told(
            .answer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>")
        ) { _, client in await error { _ = try await client.launch("a") } }
        #expect(html == "the answer (502) is not one of Token Ledger")
        let (odd, _) = try await told(
            .answer("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n")
        ) { _, client in await error { _ = try await client.tokens(of: "a") } }
        #expect(odd == "the answer (304) is not one of Token Ledger", "nothing is known to be so")
    }

    @Test("a cut stream is taken up behind the last whole event, and tells none of them twice")
    func stream() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        let events = """
            retry: 10
            id: 40-00000000

            id: 41-9f86d081
            event: launch.closed
            data: {"position":41,"event":{"id":"e","type":"launch.closed","time":"t"}}

            id: 42-00000000
            data: {"position":42,
            """
        let (positions, requests) = try await told(.reset(after: head + events)) { stub, client in
            var positions: [Int64] = []
            do {
                for try await event in client.events(after: "39-ffffffff") {
                    positions.append(event.position)
                    if stub.requests.count == 3 { break }
                }
            } catch { return "\(error)" }
            return "\(positions)"
        }
        #expect(positions == "[41, 41, 41]", "one for each of the stub's answers")
        #expect(requests[0].lowercased().contains("\r\nlast-event-id: 39-ffffffff\r\n"))
        #expect(requests[1].lowercased().contains("\r\nlast-event-id: 41-9f86d081\r\n"))
    }

    @Test("a refusal that stays ends the stream with its problem, one that passes does not")
    func refusals() async throws {
        func problem(_ status: Int, _ code: String) -> String {
            let body = #"{"code":"\#(code)","detail":"d","request_id":"r"}"#
            return """
                HTTP/1.1 \(status) X\r\nContent-Type: application/problem+json\r\nRetry-After: 0\r\n\
                Connection: close\r\n\
                Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                """
        }
        for (status, code) in [(401, "unauthenticated"), (403, "x"), (409, "history_differs")] {
            let (told, requests) = try await told(.answer(problem(status, code))) { _, client in
                await error { for try await _ in client.events() {} }
            }
            #expect(told == "\(status) \(code) (request r): d")
            #expect(requests.count == 1)
        }
        let (_, requests) = try await told(.answer(problem(503, "overloaded"))) { stub, client in
            await withTaskGroup(of: String.self) { group in
                group.addTask { await error { for try await _ in client.events() {} } }
                while stub.requests.count < 2 { await Task.yield() }
                group.cancelAll()
                return await group.next() ?? ""
            }
        }
        #expect(requests.count >= 2)
    }
}
