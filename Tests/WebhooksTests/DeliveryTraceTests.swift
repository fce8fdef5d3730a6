import TestSupport
import Testing
import Traces

/// Attempts as spans (docs/decisions/0064-whose-trace-it-is.md).
@Suite("traces of deliveries", .timeLimit(.minutes(5)))
struct DeliveryTraceTests {
    @Test("each attempt is a trace of its own, which the receiver is told and which names nobody")
    func attempts() async throws {
        let queue = SpanQueue()
        let sampler = try #require(Sampler(name: "always_on", argument: nil))
        let tracing = Tracing(sampler, into: queue, propagates: true)
        try await WebhookScene.run { scene in
            _ = try await scene.add()
            _ = try await scene.test.connectedUser("marker-user@example.com")
            try await scene.deliver(tracing: tracing) { try await scene.receiver.wait(for: 6) }
            let spans = queue.take(max: .max)
            let sent = scene.receiver.messages.map { $0["traceparent"] ?? "" }
            #expect(
                Set(sent) == Set(spans.map { "00-\($0.trace.text)-\($0.id.text)-01" })
            )
            #expect(spans.count == 6 && Set(spans.map(\.trace)).count == 6)
            let told = [
                Span.Attribute("http.request.method", "POST"),
                Span.Attribute("http.response.status_code", 200),
            ]
            #expect(
                spans.allSatisfy {
                    $0.name == "POST webhook" && $0.kind == .client && $0.parent == nil
                        && !$0.hasFailed && $0.attributes == told
                }
            )

            scene.receiver.answer { _ in .status(500) }
            _ = try await scene.test.launchedUser("other@example.com")
            try await scene.deliver(tracing: tracing) { try await scene.receiver.wait(for: 7) }
            let failed = try #require(queue.take(max: .max).first)
            #expect(failed.hasFailed)
            #expect(failed.attributes.last == Span.Attribute("error.type", "refused"))
        }
        try await WebhookScene.run { scene in
            _ = try await scene.add()
            _ = try await scene.test.launchedUser("alice@example.com")
            try await scene.deliver { try await scene.receiver.wait(for: 1) }
            #expect(scene.receiver.messages.allSatisfy { $0["traceparent"] == nil })
        }
    }
}
