import ConnectFlow
import HumanConnectSandbox
import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Traces
import Vault
import Wire

/// What a trace tells of requests, of the database and of calls to the provider, and what it does not
/// (docs/decisions/0064-whose-trace-it-is.md).
@Suite("Traces of the service", .timeLimit(.minutes(2)))
struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let sampled = "00-\(trace)-00f067aa0ba902b7-01"
    private static let strange = "0af7651916cd43dd8448eb211c80319c"
    private static let stranger = "00-\(strange)-b7ad6b7169203331-01"
    private static let exchange = "/v1/connect/tokens"

    /// Lends a service that records, and what it has recorded since the last look.
    private static func run(
        _ sampler: String = Sampler.usualName,
        _ body: (TestService, () -> [Span]) async throws -> Void
    ) async throws {
        let queue = SpanQueue()
        let sampler = try #require(Sampler(name: sampler, argument: nil))
        try await TestService.run(tracing: Tracing(sampler, into: queue, propagates: true)) {
            try await body($0) { queue.take(max: .max) }
        }
    }

    /// A finish that a backend relays, with these headers.
    private static func relay(
        _ user: String,
        _ service: TestService,
        headers: [String: String]
    ) async throws -> TestAnswer {
        let launch = try await service.launch(user, finish: "relay")
        let session = try await service.session(launch)
        return try await service.post("/v1/launches/\(launch.id)/finish", session, headers: headers)
    }

    /// What stood in `traceparent` of the last call to a path of the provider.
    private static func seen(_ path: String, _ service: TestService) async throws -> String? {
        try await service.sandbox.requests(path).last?["traceparent"]?.text
    }

    @Test(
        "a request of a key's holder continues his trace, down to the provider and into the events"
    )
    func continues() async throws {
        try await Self.run { service, spans in
            _ = spans()
            let answer = try await Self.relay(
                "marker-user",
                service,
                headers: ["traceparent": Self.sampled, "tracestate": "marker=state"]
            )
            #expect(answer.status == 201, "\(answer.text)")
            let own = spans().filter { $0.trace.text == Self.trace }
            let first = try #require(own.first)
            #expect(first.name == "POST /v1/launches/{launch_id}/finish" && first.kind == .server)
            #expect(first.parent?.text == "00f067aa0ba902b7" && first.hasRemoteParent)
            let request = try #require(answer.headers["x-request-id"])
            #expect(
                first.attributes == [
                    Span.Attribute("http.request.method", "POST"),
                    Span.Attribute("http.response.status_code", 201),
                    Span.Attribute("url.scheme", "http"),
                    Span.Attribute("token_ledger.request.id", request),
                    Span.Attribute("http.route", "/v1/launches/{launch_id}/finish"),
                ]
            )
            #expect(own.dropFirst().allSatisfy { $0.parent == first.id && $0.kind == .client })
            let names = own.map(\.name)
            for name in ["read_users", "append_events", "POST \(Self.exchange)"] {
                #expect(names.contains(name), "\(names)")
            }
            let call = try #require(own.first { $0.name == "POST \(Self.exchange)" })
            let port = await service.sandbox.port
            #expect(
                call.attributes == [
                    Span.Attribute("http.request.method", "POST"),
                    Span.Attribute("url.template", Self.exchange),
                    Span.Attribute("server.address", "127.0.0.1"),
                    Span.Attribute("server.port", port),
                    Span.Attribute("http.response.status_code", 200),
                ]
            )
            let seen = try #require(try await Self.seen(Self.exchange, service))
            #expect(seen == "00-\(Self.trace)-\(call.id.text)-01")
            let sent = try #require(TraceContext(Self.sampled))
            let recorded = service.store.vault.traceparent(sent, app: service.app.id)
            let events = try await service.events("marker-user").compactMap { $0["event"] }
            let received = try #require(events.first { $0["type"] == "finish.received" })
            #expect(received["traceparent"]?.text?.prefix(36) == recorded.prefix(36))
            #expect(!"\(own)".contains("marker"))
        }
    }

    @Test("a page's trace is not taken: a new one begins, which the provider and the events have")
    func strangers() async throws {
        try await Self.run { service, spans in
            let launch = try await service.launch("alice")
            let session = try await service.session(launch)
            _ = spans()
            let answer = try await service.call(
                .POST,
                launch.finishPath,
                key: nil,
                headers: ["Content-Type": "application/json", "traceparent": Self.stranger],
                body: Array(session.utf8)
            )
            #expect(answer.status == 201)
            let spans = spans()
            let first = try #require(spans.first)
            #expect(first.name == "POST /v1/finish/{launch_token}" && first.parent == nil)
            #expect(first.trace.text != Self.strange)
            #expect(spans.allSatisfy { $0.trace == first.trace })
            let call = try #require(spans.first { $0.name == "POST \(Self.exchange)" })
            let seen = try await Self.seen(Self.exchange, service)
            #expect(seen == "00-\(first.trace.text)-\(call.id.text)-01")
            // Who has the trace's id finds its events in the console.
            let text = "00-\(first.trace.text)-\(first.id.text)-01"
            let context = try #require(TraceContext(text))
            let events = try await service.events("alice").compactMap { $0["event"] }
            let received = try #require(events.first { $0["type"] == "finish.received" })
            #expect(
                received["traceparent"]?.text
                    == service.store.vault.traceparent(context, app: service.app.id)
            )
            #expect(!"\(spans)".contains(launch.finishPath.split(separator: "/").last ?? ""))
            let visitor = try await TestVisitor(service, key: service.key)
            let found = try await visitor.find(first.trace.text)
            #expect(found.status == 200 || found.status == 303, "\(found.status)")
        }
    }

    @Test("who shows no valid key names no trace, and has none recorded")
    func unauthenticated() async throws {
        try await Self.run("parentbased_always_off") { service, spans in
            for key in ["tl_test_nonsense", service.foreignKey] {
                _ = try await service.call(
                    .GET,
                    "/v1/users",
                    key: key,
                    headers: ["traceparent": Self.stranger]
                )
            }
            // The other app's key is a good one.
            let spans = spans()
            #expect(spans.filter { $0.kind == .server }.count == 1)
            #expect(spans.allSatisfy { $0.trace.text == Self.strange })
        }
    }

    @Test("an unsampled trace is not recorded, and the provider is told so")
    func unsampled() async throws {
        try await Self.run { service, spans in
            let launch = try await service.launch("alice", finish: "relay")
            let session = try await service.session(launch)
            _ = spans()
            let answer = try await service.post(
                "/v1/launches/\(launch.id)/finish",
                session,
                headers: ["traceparent": Self.sampled.dropLast() + "0"]
            )
            #expect(answer.status == 201)
            #expect(spans().isEmpty)
            let seen = try #require(try await Self.seen(Self.exchange, service))
            #expect(seen.hasPrefix("00-\(Self.trace)-") && seen.hasSuffix("-00"))
        }
    }

    @Test("where nothing is recorded, a backend's trace is handed on, and a page's is not")
    func off() async throws {
        try await TestService.run { service in
            let sent = ["traceparent": Self.sampled]
            let named = try await Self.relay("alice", service, headers: sent)
            let seen = try await Self.seen(Self.exchange, service)
            #expect(named.status == 201 && seen == Self.sampled)
            let unnamed = try await Self.relay("bob", service, headers: [:])
            let nothing = try await Self.seen(Self.exchange, service)
            #expect(unnamed.status == 201 && nothing == nil)
            let launch = try await service.launch("carol")
            let session = try await service.session(launch)
            _ = try await service.call(
                .POST,
                launch.finishPath,
                key: nil,
                headers: ["Content-Type": "application/json", "traceparent": Self.stranger],
                body: Array(session.utf8)
            )
            #expect(try await Self.seen(Self.exchange, service) == nil)
            let events = try await service.events("carol").compactMap { $0["event"] }
            #expect(events.allSatisfy { $0["traceparent"] == nil })
        }
        try await TestService.run(tracing: Tracing(propagates: false)) { service in
            let sent = ["traceparent": Self.sampled]
            let named = try await Self.relay("alice", service, headers: sent)
            let seen = try await Self.seen(Self.exchange, service)
            #expect(named.status == 201 && seen == nil)
        }
    }

    @Test("failures are told by class: of the service, of the provider, of what is no route")
    func failures() async throws {
        try await Self.run { service, spans in
            try await service.sandbox.behave(.exchange500Once, "alice")
            let launch = try await service.launch("alice")
            let session = try await service.session(launch)
            _ = spans()
            #expect(try await service.finish(launch.finishPath, session).status == 202)
            let call = try #require(spans().first { $0.name == "POST \(Self.exchange)" })
            #expect(call.hasFailed && call.attributes.last == Span.Attribute("error.type", "500"))

            try await service.connect("carol")
            await service.sandbox.stop()
            let second = try await service.launch("bob", finish: "relay")
            _ = spans()
            let body = #"{"humanId":"h","clientId":"own-client","sessionToken":"marker-session"}"#
            let answer = try await service.post("/v1/launches/\(second.id)/finish", body)
            #expect(answer.status == 202)
            let away = spans()
            let refused = try #require(away.first { $0.name == "POST \(Self.exchange)" })
            #expect(refused.attributes.last == Span.Attribute("error.type", "connection_refused"))
            #expect(try #require(away.first).hasFailed == false)
            _ = try await service.post(service.user("carol", "/public-token"))
            let server = try #require(spans().first)
            #expect(server.hasFailed)
            #expect(server.attributes.last == Span.Attribute("error.type", "503"))
            #expect(!"\(away)".contains("marker-session"))

            _ = try await service.get("/marker-path?marker=query")
            let none = spans()
            #expect(none.map(\.name) == ["GET"] && none.allSatisfy { !$0.hasFailed })
            #expect(!"\(none)".contains("marker"))
        }
    }

    @Test("what is settled later is a trace of its own, with the calls that it took")
    func settling() async throws {
        try await Self.run { service, spans in
            try await service.sandbox.behave(.exchange500Once, "alice")
            let launch = try await service.launch("alice")
            let session = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, session).status == 202)
            try await service.sandbox.behave(nil, "alice")
            _ = spans()
            let later = service.store.clock.now().adding(seconds: 3_600)
            await service.flows.settler.settle(at: later)
            let settled = spans()
            let first = try #require(settled.first)
            #expect(first.name == "settle finalize" && first.kind == .internal)
            #expect(settled.dropFirst().allSatisfy { $0.parent == first.id })
            #expect(settled.contains { $0.name.hasPrefix("GET /v1/apps/{client_id}/users") })
            let context = try #require(
                TraceContext("00-\(first.trace.text)-\(first.id.text)-01")
            )
            let events = try await service.events("alice").compactMap { $0["event"] }
            let last = try #require(events.last { $0["actor"] == "service" })
            #expect(
                last["traceparent"]?.text
                    == service.store.vault.traceparent(context, app: service.app.id)
            )
        }
    }
}
