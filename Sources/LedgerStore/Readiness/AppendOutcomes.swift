internal import Synchronization

/// How the appends of one log went lately, for readiness.
final class AppendOutcomes: Sendable {
    /// An append that has begun.
    struct Ticket: Sendable {
        fileprivate let number: UInt64
    }

    private struct State {
        var number: UInt64 = 0
        var begun: [UInt64: ContinuousClock.Instant] = [:]
        var lastSuccess: ContinuousClock.Instant?
        var lastFailure: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// An append is about to be sent.
    func begin() -> Ticket {
        state.withLock { state in
            state.number += 1
            state.begun[state.number] = .now
            return Ticket(number: state.number)
        }
    }

    /// An append has its answers; one that was carried out is a success.
    func end<Answer>(_ ticket: Ticket, _ answers: [Result<Answer, StoreError>]) {
        state.withLock { state in
            state.begun[ticket.number] = nil
            let isSuccess = answers.contains { (try? $0.get()) != nil }
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

    /// How long the oldest append has been without an answer; zero when none is.
    var oldestAge: Duration {
        state.withLock { state in
            state.begun.values.min().map { $0.duration(to: .now) } ?? .zero
        }
    }
}
