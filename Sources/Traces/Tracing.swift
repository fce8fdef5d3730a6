/// Whether traces are recorded, and whether whom we call is told of them.
package struct Tracing: Sendable {
    /// Who records; nil where nobody does.
    let recorder: Recorder?
    /// Whether calls to others carry a `traceparent`.
    let propagates: Bool

    /// Where recorded spans go, and which are recorded.
    struct Recorder: Sendable {
        let sampler: Sampler
        let queue: SpanQueue
    }

    /// Nothing is recorded; what the holder of a key sent is passed on.
    package static let off = Tracing(propagates: true)

    /// Records nothing.
    package init(propagates: Bool) {
        recorder = nil
        self.propagates = propagates
    }

    /// Records what the sampler says into the queue.
    package init(_ sampler: Sampler, into queue: SpanQueue, propagates: Bool) {
        recorder = Recorder(sampler: sampler, queue: queue)
        self.propagates = propagates
    }

    /// Begins a request's part of a trace; nil where there is nothing to record and nothing to pass on.
    ///
    /// What stands in the request's `traceparent` (`sent`) counts for nothing until `Trace.trust()`.
    package func begin(sent: String?) -> Trace? {
        let context = sent.flatMap { TraceContext($0) }
        guard recorder != nil || context != nil else { return nil }
        return Trace(self, sent: context)
    }

    /// Does what nobody asked for as a trace of its own.
    ///
    /// - Parameters:
    ///   - name: what it is called.
    ///   - failure: the class of what is thrown, from a closed list.
    ///   - body: what is to be done.
    /// - Returns: what `body` gives.
    /// - Throws: what `body` throws.
    package func run<Value: Sendable>(
        _ name: String,
        failure: (any Error) -> String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        guard let trace = begin(sent: nil) else { return try await body() }
        do {
            let value = try await Trace.$current.withValue(trace) { try await body() }
            trace.end(Span.Description(name, .internal))
            return value
        } catch {
            trace.end(Span.Description(name, .internal, failure: failure(error)))
            throw error
        }
    }
}
