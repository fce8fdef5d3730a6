internal import Synchronization

/// What wakes one follower, who waits for any of several logs, or for its end.
final class FollowBell: Sendable {
    private struct State {
        /// Whether it rang while nobody waited.
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes who waits, or who waits next.
    func ring() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isRung = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Waits for the next ring since the last wait.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isRung = state.withLock { state in
                guard !state.isRung else {
                    state.isRung = false
                    return true
                }
                state.waiter = continuation
                return false
            }
            if isRung { continuation.resume() }
        }
    }
}
