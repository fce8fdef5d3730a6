import AsyncHTTPClient
import BoundedClient
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@Suite("a call with bounds", .timeLimit(.minutes(5)))
struct BoundedCallTests {
    private struct Stop: Error {}

    /// What a sink was given.
    private final class Basin: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func take(_ part: [UInt8]) { bytes.withLock { $0 += part } }
    }

    private func answer(_ status: String, _ body: String, _ header: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(header)\r\n\(body)"
    }

    /// Calls a stub once, and checks that it was asked once.
    private func call(
        _ script: StubProvider.Script,
        timeMax: Duration = .seconds(60),
        answerBytesMax: Int = 1_000,
        sink: BoundedCall.Sink? = nil,
        wantsBody: @escaping @Sendable (Int, HTTPHeaders) -> Bool = { _, _ in true }
    ) async throws -> CallOutcome {
        try await StubProvider.run(script) { stub, url in
            let client = HTTPClient(
                configuration: .bounded(connectTimeMax: .seconds(30), totalTimeMax: timeMax)
            )
            let outcome = await BoundedCall(
                HTTPClientRequest(url: url + "/x"),
                timeMax: timeMax,
                answerBytesMax: answerBytesMax,
                sink: sink,
                wantsBody: wantsBody
            ).outcome(over: client)
            try await client.shutdown()
            #expect(stub.connections == 1)
            return outcome
        }
    }

    @Test("an answer within the bounds is there whole, whatever its status")
    func whole() async throws {
        for status in ["200 OK", "404 Not Found", "500 X"] {
            let body = String(repeating: "b", count: 1_000)
            guard case .answered(let got) = try await call(.answer(answer(status, body))) else {
                Issue.record("no answer")
                continue
            }
            #expect(got.status == Int(status.prefix(3)))
            #expect(String(decoding: got.body, as: UTF8.self) == body)
        }
    }

    @Test("one byte over the bound is too large, announced or not")
    func tooLarge() async throws {
        let body = String(repeating: "b", count: 1_001)
        for text in [answer("200 OK", body), "HTTP/1.1 200 OK\r\n\r\n" + body] {
            guard case .tooLarge = try await call(.answer(text)) else {
                Issue.record("it was taken")
                continue
            }
        }
    }

    @Test("who never answers, or drips, is given up")
    func time() async throws {
        for script in [
            .hang, .drip(after: "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"),
        ] as [StubProvider.Script] {
            guard case .gaveUp = try await call(script, timeMax: .milliseconds(300)) else {
                Issue.record("it did not give up")
                continue
            }
        }
    }

    @Test("a cut answer has failed, and is not asked for again")
    func cut() async throws {
        for script in [
            .answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .reset(after: ""),
            .reset(after: "HTTP/1.1 2"), .closeAtOnce,
        ] as [StubProvider.Script] {
            guard case .failed = try await call(script) else {
                Issue.record("it did not fail")
                continue
            }
        }
    }

    @Test("redirects are answers, and packed bodies stay packed")
    func asItIs() async throws {
        try await StubProvider.run(.hang) { other, url in
            let text = answer("302 Found", "", "Location: \(url)/\r\n")
            guard case .answered(let got) = try await call(.answer(text)) else {
                Issue.record("no answer")
                return
            }
            #expect(got.status == 302)
            #expect(other.connections == 0)
        }
        let packed = answer("200 OK", "not unpacked", "Content-Encoding: gzip\r\n")
        guard case .answered(let got) = try await call(.answer(packed)) else {
            Issue.record("no answer")
            return
        }
        #expect(String(decoding: got.body, as: UTF8.self) == "not unpacked")
    }

    @Test("a body that nobody wants is not waited for")
    func unwanted() async throws {
        let drip = "HTTP/1.1 404 X\r\nX-Mark: 1\r\nContent-Length: 900\r\n\r\n"
        let outcome = try await call(.drip(after: drip)) { status, headers in
            status != 404 || headers.first(name: "X-Mark") != "1"
        }
        guard case .answered(let got) = outcome else {
            Issue.record("it waited")
            return
        }
        #expect(got.status == 404 && got.body.isEmpty)
    }

    @Test("a sink gets a good answer's body and has a bound of its own")
    func sink() async throws {
        let basin = Basin()
        let body = String(repeating: "s", count: 50_000)
        let sink = BoundedCall.Sink(bytesMax: 50_000) { basin.take($0) }
        guard case .answered(let got) = try await call(.answer(answer("200 OK", body)), sink: sink)
        else {
            Issue.record("no answer")
            return
        }
        #expect(got.body.isEmpty)
        #expect(basin.text == body)

        guard case .tooLarge = try await call(.answer(answer("200 OK", body + "s")), sink: sink)
        else {
            Issue.record("it took too much")
            return
        }
        let refusal = try await call(.answer(answer("403 X", "no")), sink: sink)
        guard case .answered(let got) = refusal else {
            Issue.record("no answer")
            return
        }
        #expect(String(decoding: got.body, as: UTF8.self) == "no", "a refusal is kept")
    }

    @Test("what a sink throws ends the call")
    func sinkThrows() async throws {
        let sink = BoundedCall.Sink(bytesMax: .max) { _ in throw Stop() }
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n["
        guard case .failed(let error) = try await call(.drip(after: head), sink: sink) else {
            Issue.record("it went on")
            return
        }
        #expect(error is Stop)
    }
}
