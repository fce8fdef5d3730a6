internal import Synchronization

/// How often something has happened since the start of the process.
///
/// Adding costs a few nanoseconds and never waits, so it may stand anywhere.
package final class Counter: Sendable {
    private let total = Atomic(0)

    /// Nothing has happened yet.
    package init() {}

    /// It has happened once more, or `count` times.
    package func add(_ count: Int = 1) { total.add(count, ordering: .relaxed) }

    /// How often so far.
    package var value: Int { total.load(ordering: .relaxed) }
}
