import Measures
import Testing
import Traces

/// Whose trace it is, and what of it is recorded
/// (docs/decisions/0064-whose-trace-it-is.md).
@Suite("Traces", .timeLimit(.minutes(1)))
struct TraceTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let sampled = "00-\(trace)-00f067aa0ba902b7-01"
    private static let unsampled = "00-\(trace)-00f067aa0ba902b7-00"

    private let queue = SpanQueue()

    private func tracing(
        _ sampler: String = Sampler.usualName,
        argument: String? = nil,
        propagates: Bool = true
    ) throws -> Tracing {
        let sampler = try #require(Sampler(name: sampler, argument: argument))
        return Tracing(sampler, into: queue, propagates: propagates)
    }

    private var spans: [Span] { queue.take(max: .max) }

    @Test("a header is read in its one form, and written as it was")
    func header() throws {
        let context = try #require(TraceContext(Self.sampled))
        #expect(context.header == Self.sampled)
        #expect(context.trace.text == Self.trace && context.span.text == "00f067aa0ba902b7")
        // Of the flags, "sampled" is kept.
        #expect(TraceContext("00-\(Self.trace)-00f067aa0ba902b7-03")?.header == Self.sampled)
        for text in [
            "", "00", Self.sampled.uppercased(), "01" + Self.sampled.dropFirst(2),
            Self.sampled + "-00", "00-\(Self.trace)-0000000000000000-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-\(Self.trace.dropLast())g-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "\(Self.sampled),\(Self.sampled)",
        ] {
            #expect(TraceContext(text) == nil, "\(text)")
        }
    }

    @Test("who holds a key continues his trace: first span, calls within, header and record")
    func continues() throws {
        let trace = try #require(try tracing().begin(sent: Self.sampled))
        let early = try #require(trace.open())
        early.end(Span.Description("read_key", .client))
        trace.trust()
        let call = try #require(trace.open())
        let header = try #require(trace.header(of: call).flatMap { TraceContext($0) })
        call.end(Span.Description("POST /v1", .client, failure: "500"))
        let recorded = try #require(trace.recorded)
        trace.end(Span.Description("GET /", .server))
        let spans = spans
        try #require(spans.map(\.name) == ["GET /", "read_key", "POST /v1"])
        #expect(spans.allSatisfy { $0.trace.text == Self.trace && $0.begin <= $0.end })
        #expect(spans[0].parent?.text == "00f067aa0ba902b7" && spans[0].hasRemoteParent)
        #expect(spans[1...].allSatisfy { $0.parent == spans[0].id && !$0.hasRemoteParent })
        #expect(header.span == spans[2].id && header.isSampled)
        #expect(header.trace == recorded.trace && recorded.span == spans[0].id)
        #expect(spans.map(\.hasFailed) == [false, false, true])
        #expect(spans[2].attributes == [Span.Attribute("error.type", "500")])
        #expect(Set(spans.map(\.id)).count == 3)
    }

    @Test("what a stranger sent counts for nothing: neither his trace nor whether it is recorded")
    func strangers() throws {
        let trace = try #require(try tracing("parentbased_always_off").begin(sent: Self.sampled))
        #expect(trace.header(of: nil)?.contains(Self.trace) == false)
        trace.end(Span.Description("POST /", .server))
        #expect(spans.isEmpty)
        let other = try #require(try tracing().begin(sent: Self.unsampled))
        #expect(other.recorded?.trace.text != Self.trace)
        // Whoever is known only afterwards changes nothing any more.
        other.trust()
        other.end(Span.Description("POST /", .server))
        let span = try #require(spans.first)
        #expect(span.trace.text != Self.trace && span.parent == nil && !span.hasRemoteParent)
    }

    @Test("an unsampled trace is recorded nowhere, and is handed on as unsampled")
    func unsampled() throws {
        let trace = try #require(try tracing().begin(sent: Self.unsampled))
        let early = trace.open()
        trace.trust()
        let header = try #require(trace.header(of: early))
        #expect(header.hasPrefix("00-\(Self.trace)-") && header.hasSuffix("-00"))
        #expect(trace.open() == nil)
        early?.end(Span.Description("late", .client))
        // A record still names the trace that its caller named.
        #expect(trace.recorded?.trace.text == Self.trace)
        trace.end(Span.Description("GET /", .server))
        #expect(spans.isEmpty)
        // Nobody could look up one of ours that is not recorded.
        let own = try #require(try tracing("always_off").begin(sent: nil))
        #expect(own.recorded == nil)
        #expect(own.header(of: nil)?.hasSuffix("-00") == true)
    }

    @Test(
        "where nothing is recorded, the holder of a key is handed on as he is, and nobody else is"
    )
    func off() throws {
        #expect(Tracing.off.begin(sent: nil) == nil)
        #expect(Tracing.off.begin(sent: "nonsense") == nil)
        let trace = try #require(Tracing.off.begin(sent: Self.sampled))
        #expect(trace.header(of: nil) == nil && trace.recorded == nil && trace.open() == nil)
        trace.trust()
        #expect(trace.header(of: nil) == Self.sampled)
        #expect(trace.recorded == TraceContext(Self.sampled))
        trace.end(Span.Description("GET /", .server))
        for tracing in [Tracing(propagates: false), try tracing(propagates: false)] {
            let trace = try #require(tracing.begin(sent: Self.sampled))
            trace.trust()
            #expect(trace.header(of: nil) == nil)
            #expect(trace.recorded?.trace.text == Self.trace)
        }
    }

    @Test("samplers go by their names, and a ratio keeps its share of what begins here")
    func samplers() throws {
        for (name, own, unsampled, sampled) in [
            ("always_on", 1, 1, 1), ("always_off", 0, 0, 0), ("parentbased_always_on", 1, 0, 1),
            ("parentbased_always_off", 0, 0, 1),
        ] {
            for (sent, count) in [(nil, own), (Self.unsampled, unsampled), (Self.sampled, sampled)]
            {
                let trace = try #require(try tracing(name).begin(sent: sent))
                trace.trust()
                trace.end(Span.Description("GET /", .server))
                #expect(spans.count == count, "\(name) \(sent ?? "")")
            }
        }
        for (share, expected) in [("0", 0...0), ("1", 2_000...2_000), ("0.25", 380...620)] {
            for name in ["traceidratio", "parentbased_traceidratio"] {
                let tracing = try tracing(name, argument: share)
                for _ in 0..<2_000 {
                    try #require(tracing.begin(sent: nil)).end(Span.Description("", .server))
                }
                #expect(expected.contains(spans.count), "\(name) \(share)")
            }
        }
        // The same last bytes, the same decision everywhere.
        for (trace, count) in [
            ("4bf92f3577b34da6a3ffffffffffffff", 1), ("4bf92f3577b34da6ff00000000000001", 0),
        ] {
            let one = try #require(
                try tracing("traceidratio", argument: "0.5")
                    .begin(sent: "00-\(trace)-00f067aa0ba902b7-00")
            )
            one.trust()
            one.end(Span.Description("", .server))
            #expect(spans.count == count)
        }
        for (name, argument) in [
            ("", nil), ("jaeger_remote", nil), ("Always_On", nil), ("traceidratio", "2"),
            ("traceidratio", "-0.1"), ("traceidratio", "x"), ("traceidratio", "nan"),
        ] as [(String, String?)] {
            #expect(Sampler(name: name, argument: argument) == nil, "\(name) \(argument ?? "")")
        }
    }

    @Test("neither a trace nor the queue grows without end, and what is left out is counted")
    func bounds() throws {
        let tracing = try tracing()
        let trace = try #require(tracing.begin(sent: nil))
        for _ in 0..<200 { trace.open()?.end(Span.Description("one", .client)) }
        trace.end(Span.Description("GET /", .server))
        #expect(queue.leftOut.value == 200 - 128)
        #expect(spans.count == 129)
        for _ in 0..<(SpanQueue.spansMax + 5) {
            try #require(tracing.begin(sent: nil)).end(Span.Description("", .server))
        }
        #expect(queue.count == SpanQueue.spansMax)
        #expect(queue.leftOut.value == 200 - 128 + 5)
        #expect(queue.take(max: 512).count == 512)
        #expect(queue.count == SpanQueue.spansMax - 512)
    }

    @Test(
        "a call that ends after its request is still told, and work of our own is a trace by itself"
    )
    func lateAndOwn() async throws {
        let tracing = try tracing()
        let trace = try #require(tracing.begin(sent: nil))
        let late = try #require(trace.open())
        trace.end(Span.Description("GET /", .server))
        late.end(Span.Description("late", .client))
        #expect(spans.map(\.name) == ["GET /", "late"])
        struct Failure: Error {}
        await #expect(throws: Failure.self) {
            try await tracing.run("settle", failure: { _ in "some" }) {
                try #require(Trace.current?.open()).end(Span.Description("within", .client))
                throw Failure()
            }
        }
        let own = spans
        #expect(own.map(\.name) == ["settle", "within"])
        #expect(own[0].hasFailed && own[0].parent == nil && own[1].parent == own[0].id)
        #expect(own[0].attributes == [Span.Attribute("error.type", "some")])
        #expect(Trace.current == nil)
    }
}
