import Ledger
import LedgerStack
import Logging
import Measures
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import Traces
import Wire

/// Spans on their way to a collector that takes them, refuses them, or is not there.
@Suite("The exporter of spans", .timeLimit(.minutes(2)))
struct SpanExporterTests {
    /// An exporter at work, and what it is told to do.
    private struct Scene: Sendable {
        let exporter: SpanExporter
        let tracing: Tracing
        let end: @Sendable () async -> Void
        let lines: LineMemory

        /// Ends one trace of so many spans.
        func record(_ name: String = "GET /v1/users", spans: Int = 1) throws {
            let trace = try #require(tracing.begin(sent: nil))
            for _ in 1..<spans { trace.open()?.end(Span.Description("read_users", .client)) }
            trace.end(Span.Description(name, .server))
        }

        var metrics: String {
            var page = MetricPage()
            exporter.fill(&page)
            return page.text
        }

        /// How many spans came to this end.
        func count(_ end: String) -> Int {
            let name = "otel_sdk_exporter_span_exported_total{error_type=\"\(end)\"} "
            let line = metrics.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { Int($0.dropFirst(name.count)) } ?? -1
        }

        func wait(until isSo: () -> Bool) async throws {
            while !isSo() { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    private static func run(
        _ url: String,
        headers: [ExportTarget.Header] = [],
        timeMax: Duration = .seconds(60),
        pause: Duration = .milliseconds(5),
        flushTimeMax: Duration = .seconds(60),
        _ body: @Sendable @escaping (Scene) async throws -> Void
    ) async throws {
        let lines = LineMemory()
        var limits = ExportLimits()
        limits.lookPause = .milliseconds(20)
        limits.pause = pause
        limits.flushTimeMax = flushTimeMax
        let exporter = SpanExporter(
            ExportTarget(
                url: try #require(CollectorURL(ofAllSignals: url)),
                headers: headers,
                timeMax: timeMax,
                resource: [("service.name", "a \"service\"")]
            ),
            limits: limits,
            logger: lines.logger
        )
        let sampler = try #require(Sampler(name: "always_on", argument: nil))
        let group = ServiceGroup(services: [exporter], logger: lines.logger)
        let scene = Scene(
            exporter: exporter,
            tracing: Tracing(sampler, into: exporter.queue, propagates: true),
            end: { await group.triggerGracefulShutdown() },
            lines: lines
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(scene))
            } catch {
                result = .failure(error)
            }
            await scene.end()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    @Test("a collector gets JSON as protobuf maps it: ids in hex, 64-bit numbers as texts")
    func document() async throws {
        try await TestReceiver.run { receiver in
            let header = ExportTarget.Header(name: "X-Key", value: Secret("marker-key"))
            try await Self.run(receiver.url, headers: [header]) { scene in
                let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                let trace = try #require(scene.tracing.begin(sent: sent))
                trace.trust()
                trace.open()?.end(Span.Description("read_users", .client, failure: "57014"))
                trace.end(
                    Span.Description(
                        "GET /v1/users",
                        .server,
                        [
                            Span.Attribute("http.route", "/v1/users"),
                            Span.Attribute("http.response.status_code", 200),
                        ]
                    )
                )
                try await receiver.wait(for: 1)
            }
            let message = try #require(receiver.messages.first)
            #expect(message.path == "/v1/traces" && message["content-type"] == "application/json")
            #expect(message["x-key"] == "marker-key" && !message.text.contains("marker-key"))
            let body = try JSONParser.parse(message.body, depthMax: 16)
            let resource = try #require(body.first("resourceSpans"))
            #expect(
                resource["resource"]?["attributes"] == [
                    ["key": "service.name", "value": ["stringValue": "a \"service\""]]
                ]
            )
            let scope = try #require(resource.first("scopeSpans"))
            #expect(scope["scope"] == ["name": "token-ledger"])
            guard case .array(let spans) = scope["spans"] else { throw CancellationError() }
            try #require(spans.count == 2)
            let (server, client) = (spans[0], spans[1])
            #expect(server["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(server["parentSpanId"] == "00f067aa0ba902b7")
            #expect(server["spanId"]?.text?.utf8.count == 16)
            #expect(server["flags"] == 0x301 && client["flags"] == 0x101)
            #expect(server["kind"] == 2 && client["kind"] == 3)
            #expect(client["parentSpanId"] == server["spanId"])
            #expect(client["traceId"] == server["traceId"])
            #expect(server["status"] == nil && client["status"] == ["code": 2])
            #expect(
                server["attributes"] == [
                    ["key": "http.route", "value": ["stringValue": "/v1/users"]],
                    ["key": "http.response.status_code", "value": ["intValue": "200"]],
                ]
            )
            let begin = try #require(server["startTimeUnixNano"]?.text.flatMap { UInt64($0) })
            let end = try #require(server["endTimeUnixNano"]?.text.flatMap { UInt64($0) })
            #expect(begin <= end && begin > 1_700_000_000_000_000_000)
        }
    }

    @Test("spans go in batches, all of them, and what is left goes out at the end")
    func batches() async throws {
        try await TestReceiver.run { receiver in
            try await Self.run(receiver.url) { scene in
                for _ in 0..<600 { try scene.record(spans: 2) }
            }
            let counts = try receiver.messages.map { message in
                let body = try JSONParser.parse(message.body, depthMax: 16)
                guard
                    case .array(let spans) = body.first("resourceSpans")?
                        .first("scopeSpans")?["spans"]
                else { return 0 }
                return spans.count
            }
            #expect(counts.reduce(0, +) == 1_200 && counts.allSatisfy { $0 <= 512 })
        }
    }

    @Test(
        "who asks to come later is asked again, with the same spans, until he takes them",
        arguments: [429, 502, 503, 504]
    )
    func again(status: Int) async throws {
        try await TestReceiver.run { receiver in
            receiver.answer { [count = Mutex(0)] _ in
                let number = count.withLock {
                    $0 += 1
                    return $0
                }
                return number < 3 ? .status(status, headers: ["retry-after": "1"]) : .taken
            }
            try await Self.run(receiver.url, pause: .zero) { scene in
                try scene.record()
                try await scene.wait { scene.count("") == 1 }
                #expect(scene.lines.count(of: "spans are not taken") == 1)
                try await scene.wait { scene.lines.count(of: "spans are taken again") == 1 }
            }
            #expect(receiver.messages.count == 3)
            #expect(Set(receiver.messages.map(\.body)).count == 1)
        }
    }

    @Test("who asks again and again to come later does not get them, and it is counted")
    func endless() async throws {
        try await TestReceiver.run { receiver in
            receiver.answer { _ in .status(503) }
            try await Self.run(receiver.url) { scene in
                try scene.record(spans: 3)
                try await scene.wait { scene.count("refused") == 3 }
                #expect(scene.count("") == 0)
                #expect(scene.lines.count(of: "spans are not taken") == 1)
            }
            #expect(receiver.messages.count == 5)
        }
    }

    @Test("what is refused for good is not sent again", arguments: [400, 401, 404, 413, 500, 302])
    func refused(status: Int) async throws {
        try await TestReceiver.run { receiver in
            receiver.answer { _ in .status(status, headers: ["location": "http://127.0.0.1:9/"]) }
            try await Self.run(receiver.url) { scene in
                try scene.record(spans: 2)
                try await scene.wait { scene.count("refused") == 2 }
            }
            #expect(receiver.messages.count == 1)
        }
    }

    @Test("nobody there, and nobody who answers: both are counted, and nobody waits")
    func away() async throws {
        // A port at which somebody listened a moment ago.
        let url = try await TestReceiver.run { $0.url }
        try await Self.run(url) { scene in
            try scene.record()
            try await scene.wait { scene.count("unreachable") == 1 }
        }
        try await TestReceiver.run { receiver in
            receiver.answer { _ in .hang }
            try await Self.run(receiver.url, timeMax: .seconds(1)) { scene in
                try scene.record()
                try await scene.wait { scene.count("timed_out") == 1 }
            }
            receiver.answer { _ in .cut }
            try await Self.run(receiver.url) { scene in
                try scene.record()
                try await scene.wait { scene.count("unreachable") == 1 }
            }
        }
    }

    @Test("the end of the service waits for a collector that says nothing no longer than it may")
    func ends() async throws {
        try await TestReceiver.run { receiver in
            receiver.answer { _ in .hang }
            try await Self.run(receiver.url, flushTimeMax: .milliseconds(50)) { scene in
                try scene.record(spans: 4)
                try await receiver.wait(for: 1)
                try scene.record(spans: 2)
                await scene.end()
                // Those that were under way, and those that never were.
                try await scene.wait { scene.count("shut_down") == 6 }
            }
        }
    }

    @Test("a long wait that a collector asks for is cut short by the end")
    func longWait() async throws {
        try await TestReceiver.run { receiver in
            receiver.answer { _ in .status(429, headers: ["retry-after": "2147483647"]) }
            try await Self.run(receiver.url) { scene in
                try scene.record()
                try await receiver.wait(for: 1)
                try await scene.wait { scene.lines.count(of: "spans are not taken") == 1 }
            }
            #expect(receiver.messages.count == 2)
        }
    }

    @Test(
        "an address is https, or of this machine, and has no place for a key",
        arguments: [
            ("https://collector.example.com", true), ("https://collector.example.com/otlp/", true),
            ("http://localhost:4318", true), ("http://127.0.0.1:4318", true),
            ("http://[::1]:4318", true), ("http://collector.example.com:4318", false),
            ("http://localhost.example.com", false), ("https://user:key@example.com", false),
            ("https://example.com?api-key=1", false), ("https://example.com#x", false),
            ("collector:4318", false), ("", false), ("https://", false), ("https://a b", false),
        ]
    )
    func addresses(text: String, isGood: Bool) {
        #expect((CollectorURL(ofAllSignals: text) != nil) == isGood)
        #expect((CollectorURL(text) != nil) == isGood)
        if isGood {
            #expect(CollectorURL(ofAllSignals: text)?.text.hasSuffix("/v1/traces") == true)
            #expect(CollectorURL(ofAllSignals: text)?.text.contains("//v1") == false)
        }
    }
}

extension JSONValue {
    /// The first element of the array of this name.
    fileprivate func first(_ name: String) -> JSONValue? {
        guard case .array(let values) = self[name] else { return nil }
        return values.first
    }
}

/// The messages of log lines.
private final class LineMemory: Sendable {
    private let messages = Mutex<[String]>([])

    var logger: Logger { Logger(label: "test") { [self] _ in Handler(memory: self) } }

    func count(of message: String) -> Int {
        messages.withLock { $0.count { $0 == message } }
    }

    private struct Handler: LogHandler {
        let memory: LineMemory
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            memory.messages.withLock { $0.append("\(event.message)") }
        }
    }
}
