internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Our part of one trace: a first span, such as that of a request, and those within it.
///
/// Which trace it is, and whether it is recorded, is decided late: a context that somebody sent counts
/// only once he is known to hold a key (docs/decisions/0064-whose-trace-it-is.md). Until then spans
/// wait here, and they all go into the queue together.
package final class Trace: Sendable {
    /// That of the task at work.
    @TaskLocal package static var current: Trace?

    /// So many calls no request makes that is one of ours; more are counted as left out.
    static let spansMax = 128

    private struct Decision {
        let trace: TraceID
        /// The span of whoever sent a context that counts.
        let parent: SpanID?
        let isSampled: Bool
    }

    private struct State {
        /// What was sent, as long as it may count.
        var sent: TraceContext?
        var isTrusted = false
        var decision: Decision?
        var spans: [UnplacedSpan] = []
        var hasEnded = false
    }

    /// A span of a trace that may not be decided yet.
    struct UnplacedSpan {
        let id: SpanID
        let begin: ContinuousClock.Instant
        let end: ContinuousClock.Instant
        let description: Span.Description
    }

    private let tracing: Tracing
    private let id = SpanID.random()
    private let begin = ContinuousClock.now
    /// When it began, in nanoseconds since 1970.
    private let beginTime = Trace.now()
    private let state: Mutex<State>

    init(_ tracing: Tracing, sent: TraceContext?) {
        self.tracing = tracing
        state = Mutex(State(sent: sent))
    }

    /// Says that whoever sent a context may name a trace: its sender holds a key.
    package func trust() {
        state.withLock { if $0.decision == nil { $0.isTrusted = true } }
    }

    /// What a record may name: the trace that its caller named, or one of our own that is recorded.
    package var recorded: TraceContext? {
        guard let recorder = tracing.recorder else { return trusted }
        return state.withLock { state in
            let decision = decide(&state, recorder)
            guard decision.isSampled || decision.parent != nil else { return nil }
            return TraceContext(trace: decision.trace, span: id, isSampled: decision.isSampled)
        }
    }

    /// The `traceparent` for a call to somebody else, given the span of the call; nil where he is told
    /// nothing.
    package func header(of span: OpenSpan?) -> String? {
        guard tracing.propagates else { return nil }
        // Who records nothing is no part of the trace, and hands on what was sent.
        guard let recorder = tracing.recorder else { return trusted?.header }
        let decision = state.withLock { decide(&$0, recorder) }
        return TraceContext(
            trace: decision.trace,
            span: span?.id ?? id,
            isSampled: decision.isSampled
        ).header
    }

    /// Begins a span within the first one; nil where nothing is recorded.
    package func open() -> OpenSpan? {
        guard tracing.recorder != nil, state.withLock({ $0.decision?.isSampled }) != false else {
            return nil
        }
        return OpenSpan(trace: self, id: .random(), begin: .now)
    }

    /// Ends the first span, and hands over all of them.
    package func end(_ description: Span.Description) {
        guard let recorder = tracing.recorder else { return }
        let first = UnplacedSpan(id: id, begin: begin, end: .now, description: description)
        let (spans, decision) = state.withLock { state in
            precondition(!state.hasEnded, "A trace ends once.")
            state.hasEnded = true
            defer { state.spans = [] }
            return ([first] + state.spans, decide(&state, recorder))
        }
        guard decision.isSampled else { return }
        recorder.queue.add(spans.map { placed($0, decision) })
    }

    /// Takes a span that has ended, perhaps after the first one.
    fileprivate func take(_ span: UnplacedSpan) {
        guard let recorder = tracing.recorder else { return }
        let late: Decision? = state.withLock { state in
            if state.hasEnded { return state.decision }
            if state.spans.count < Self.spansMax {
                state.spans.append(span)
            } else {
                recorder.queue.leaveOut(1)
            }
            return nil
        }
        if let late, late.isSampled { recorder.queue.add([placed(span, late)]) }
    }

    private var trusted: TraceContext? { state.withLock { $0.isTrusted ? $0.sent : nil } }

    private func decide(_ state: inout State, _ recorder: Tracing.Recorder) -> Decision {
        if let decision = state.decision { return decision }
        let parent = state.isTrusted ? state.sent : nil
        let trace = parent?.trace ?? .random()
        let decision = Decision(
            trace: trace,
            parent: parent?.span,
            isSampled: recorder.sampler.samples(trace, parent: parent)
        )
        state.decision = decision
        if !decision.isSampled { state.spans = [] }
        return decision
    }

    private func placed(_ span: UnplacedSpan, _ decision: Decision) -> Span {
        let isFirst = span.id == id
        return Span(
            trace: decision.trace,
            id: span.id,
            parent: isFirst ? decision.parent : id,
            hasRemoteParent: isFirst && decision.parent != nil,
            begin: time(of: span.begin),
            end: time(of: span.end),
            name: span.description.name,
            kind: span.description.kind,
            attributes: span.description.attributes,
            hasFailed: span.description.failure != nil
        )
    }

    /// All times of a trace are counted from its beginning: a clock that is set does not tear it apart.
    private func time(of instant: ContinuousClock.Instant) -> UInt64 {
        beginTime &+ UInt64(max(0, begin.duration(to: instant) / .nanoseconds(1)))
    }

    private static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }
}

/// A span that has begun.
package struct OpenSpan: Sendable {
    fileprivate let trace: Trace
    let id: SpanID
    fileprivate let begin: ContinuousClock.Instant

    /// Ends it.
    package func end(_ description: Span.Description) {
        trace.take(Trace.UnplacedSpan(id: id, begin: begin, end: .now, description: description))
    }
}
