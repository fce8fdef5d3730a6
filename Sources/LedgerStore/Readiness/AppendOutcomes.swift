internal import Synchronization

/// How the appends of one log went lately, for readiness.
final class AppendOutcomes: Sendable {
    private struct State {
        var lastSuccess: ContinuousClock.Instant?
        var lastFailure: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// An append has its answers; one that was carried out is a success.
    func note<Answer>(_ answers: [Result<Answer, StoreError>]) {
        let isSuccess = answers.contains { (try? $0.get()) != nil }
        state.withLock { state in
            if isSuccess { state.lastSuccess = .now } else { state.lastFailure = .now }
        }
    }

    /// Whether the last append that ended was carried out, not longer ago than this.
    func hasSucceeded(within time: Duration) -> Bool {
        state.withLock { state in
            guard let success = state.lastSuccess else { return false }
            if let failure = state.lastFailure, failure > success { return false }
            return success.duration(to: .now) < time
        }
    }

    /// When an append failed last, unless one succeeded since.
    var lastFailure: ContinuousClock.Instant? {
        state.withLock { state in
            guard let failure = state.lastFailure else { return nil }
            if let success = state.lastSuccess, success > failure { return nil }
            return failure
        }
    }
}
