package import Measures
internal import Synchronization

/// Spans that wait to be sent, at most so many: whoever records them never waits.
package final class SpanQueue: Sendable {
    /// A few megabytes; at a thousand requests a second, what comes in two seconds.
    package static let spansMax = 8_192

    private let waiting = Mutex<[Span]>([])
    /// How many were left out because too many waited.
    package let leftOut = Counter()

    /// Nothing waits yet.
    package init() {}

    /// Takes spans, as many as there is room for.
    func add(_ spans: [Span]) {
        let room = waiting.withLock { waiting in
            let room = min(spans.count, Self.spansMax - waiting.count)
            waiting += spans.prefix(room)
            return room
        }
        leaveOut(spans.count - room)
    }

    /// Counts spans that are not sent.
    func leaveOut(_ count: Int) {
        if count > 0 { leftOut.add(count) }
    }

    /// How many wait.
    package var count: Int { waiting.withLock(\.count) }

    /// Removes up to `max` spans, those that came first.
    package func take(max: Int) -> [Span] {
        waiting.withLock { waiting in
            let taken = Array(waiting.prefix(max))
            waiting.removeFirst(taken.count)
            return taken
        }
    }
}
