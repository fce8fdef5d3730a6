internal import Synchronization

/// How long work that could go on waits for a processor.
///
/// A task that steps back again and again comes to its turn when all those have had theirs who
/// stood before it. Its turn is not waited for: one that is late says enough.
final class WorkDelay: Sendable {
    private struct State {
        /// When it stepped back, unless it has had its turn since.
        var since: ContinuousClock.Instant?
        /// How long its turn took last.
        var last = Duration.zero
    }

    private let state = Mutex(State())

    /// Steps back once.
    func look() async {
        state.withLock { $0.since = .now }
        await Task.yield()
        state.withLock { state in
            if let since = state.since { state.last = .now - since }
            state.since = nil
        }
    }

    /// What it was last, or is already.
    func current(at now: ContinuousClock.Instant = .now) -> Duration {
        state.withLock { state in
            max(state.last, state.since.map { now - $0 } ?? .zero)
        }
    }
}
