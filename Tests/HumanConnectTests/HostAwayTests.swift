import HumanConnect
import Ledger
import Measures
import TestSupport
import Testing

@Suite("a provider that is away", .timeLimit(.minutes(5)))
struct HostAwayTests {
    private static let human = Secret("h")

    /// Asks a stub for a public token so often, and gives the errors and how often it was called.
    private func ask(
        _ script: StubProvider.Script,
        times: Int,
        probePause: Duration = .seconds(600),
        _ after: (HumanConnectClient, ProviderApp) async throws -> Void = { _, _ in }
    ) async throws -> (errors: [HumanConnectError?], connections: Int) {
        try await StubProvider.run(script) { stub, url in
            let app = try HumanConnectClientTests.app(url)
            var errors: [HumanConnectError?] = []
            try await HumanConnectClientTests.withClient {
                $0.probePause = probePause
            } _: { client in
                for _ in 0..<times {
                    do throws(HumanConnectError) {
                        _ = try await client.publicToken(humanID: Self.human, for: app)
                        errors.append(nil)
                    } catch {
                        errors.append(error)
                    }
                }
                try await after(client, app)
            }
            return (errors, stub.connections)
        }
    }

    private func answer(_ status: String, header: String = "") -> StubProvider.Script {
        let body = #"{"code":"c","message":"m"}"#
        return .answer(HumanConnectClientTests.response(status, body, header: header))
    }

    private static func isAway(_ error: HumanConnectError?) -> Bool {
        if case .notSent(.hostIsAway(let wait)) = error { return wait > .zero }
        return false
    }

    @Test("after three failures repeatable calls are refused without a connection")
    func refused() async throws {
        let page = HumanConnectClientTests.response("200 OK", "<html>", type: "text/html")
        for script in [answer("500 X"), answer("502 X"), .reset(after: ""), .answer(page)] {
            let (errors, connections) = try await ask(script, times: 5) { client, app in
                guard case .refused(let wait) = client.admission(for: app) else {
                    Issue.record("it was let through")
                    return
                }
                #expect(wait > .zero && wait <= .seconds(600))
                // The look at the users goes to the same host here.
                await #expect { try await client.listUsers(of: app) { _ in } } throws: { error in
                    Self.isAway(error as? HumanConnectError)
                }
                // An exchange was admitted before its session was given away.
                await #expect { try await client.exchange(Self.session, for: app) } throws: {
                    !Self.isAway($0 as? HumanConnectError)
                }
            }
            #expect(errors.map(Self.isAway) == [false, false, false, true, true])
            #expect(connections == 4)
        }
    }

    @Test("metrics tell which call failed and how, and that the host is away")
    func metrics() async throws {
        _ = try await ask(answer("502 X"), times: 4) { client, _ in
            var page = MetricPage()
            client.fill(&page)
            let count =
                "http_client_request_duration_seconds_count{http_request_method=\"POST\","
                + "url_template=\"/v1/connect/publictokens\","
                + "http_response_status_code=\"502\",error_type=\"\"} 3\n"
            #expect(page.text.contains(count), "\(page.text)")
            #expect(page.text.contains("token_ledger_provider_hosts_away 1\n"))
        }
        // Whoever answers may write what it likes.
        _ = try await ask(answer("999 X"), times: 1) { client, _ in
            var page = MetricPage()
            client.fill(&page)
            #expect(page.text.contains("http_response_status_code=\"_OTHER\""), "\(page.text)")
            #expect(page.text.contains("token_ledger_provider_hosts_away 0\n"))
        }
        _ = try await ask(.reset(after: ""), times: 1) { client, _ in
            var page = MetricPage()
            client.fill(&page)
            #expect(page.text.contains("error_type=\"connection_lost\"} 1\n"), "\(page.text)")
        }
    }

    private static let session = SessionTokenObject(
        humanID: human,
        clientID: "c",
        sessionToken: Secret("s")
    )

    @Test("nobody listening is a failure too, and each host has its own breaker")
    func hosts() async throws {
        let gone = try await StubProvider.run(.hang) { _, url in url }
        let good = HumanConnectClientTests.response("200 OK", #"{"humanId":"h","publicToken":"p"}"#)
        try await StubProvider.run(.answer(good)) { _, url in
            try await HumanConnectClientTests.withClient { client in
                let away = try HumanConnectClientTests.app(gone)
                for _ in 0..<3 {
                    await #expect(throws: HumanConnectError.notSent(.connectionRefused)) {
                        try await client.publicToken(humanID: Self.human, for: away)
                    }
                }
                #expect(client.admission(for: away) != .allowed)
                let here = try HumanConnectClientTests.app(url)
                #expect(client.admission(for: here) == .allowed)
                _ = try await client.publicToken(humanID: Self.human, for: here)
            }
        }
    }

    @Test("what is about one user, or a refusal, opens nothing")
    func answers() async throws {
        let ok = HumanConnectClientTests.response("200 OK", "{}")
        for script in [
            answer("400 X"), answer("401 X"), answer("403 X"), answer("404 X"), answer("429 X"),
            answer("408 X"), answer("302 X"), .answer(ok),
        ] {
            let (errors, connections) = try await ask(script, times: 5)
            #expect(!errors.contains(where: Self.isAway))
            #expect(connections == 5)
        }
    }

    @Test("Retry-After of a 429 or 503 is honoured at once")
    func retryAfter() async throws {
        for status in ["429 X", "503 X"] {
            let script = answer(status, header: "Retry-After: 40\r\n")
            let (errors, connections) = try await ask(script, times: 2)
            #expect(Self.isAway(errors[1]))
            #expect(connections == 1)
        }
        for value in ["0", "-1", "soon", ""] {
            let script = answer("429 X", header: "Retry-After: \(value)\r\n")
            #expect(try await ask(script, times: 2).connections == 2)
        }
    }

    @Test("what a host says of one app keeps no other app from it; what it says of itself does")
    func others() async throws {
        for (status, isOfOne) in [("429 X", true), ("503 X", false)] {
            let script = answer(status, header: "Retry-After: 40\r\n")
            let (_, connections) = try await ask(script, times: 1) { client, app in
                let other = ProviderApp(
                    clientID: "other",
                    clientSecret: app.clientSecret,
                    appKey: app.appKey,
                    endpoints: app.endpoints
                )
                let admission = client.admission(for: other)
                #expect((admission == .allowed) == isOfOne, "\(status)")
                #expect(client.admission(for: app) != .allowed, "\(status)")
                await #expect(throws: HumanConnectError.self) {
                    try await client.publicToken(humanID: Self.human, for: other)
                }
            }
            #expect(connections == (isOfOne ? 2 : 1), "\(status)")
        }
    }

    @Test("when its time has come, one call finds out")
    func probe() async throws {
        let (errors, connections) = try await ask(answer("500 X"), times: 6, probePause: .zero)
        #expect(!errors.contains(where: Self.isAway))
        #expect(connections == 6)
    }
}
