internal import Synchronization

/// How appending to a log goes, as far as this process has seen.
package struct AppendHealth: Sendable, Equatable {
    /// For how long the oldest append under way has waited for the database; nil when none is.
    package let oldestAppend: Duration?
    /// The first position that was given out anew after it had been acknowledged.
    ///
    /// The database has lost acknowledged events: it is another one, or an older state of the one
    /// that it was. It stays until the service is started anew.
    package let lostFrom: Int64?
}

/// What a writer remembers of its appends: since when each is under way, and how far the log was
/// acknowledged.
final class AppendWatch: Sendable {
    /// An append that is under way.
    struct Sent: Sendable {
        fileprivate let number: Int
        fileprivate let acknowledged: Int64
    }

    private struct State {
        var number = 0
        var underWay: [Int: ContinuousClock.Instant] = [:]
        /// The greatest position that anybody was told of.
        var acknowledged: Int64 = -1
        var lostFrom: Int64?
    }

    private let state = Mutex(State())

    var health: AppendHealth {
        state.withLock { state in
            AppendHealth(
                oldestAppend: state.underWay.values.min().map { $0.duration(to: .now) },
                lostFrom: state.lostFrom
            )
        }
    }

    /// An append is about to be sent.
    func begin() -> Sent {
        state.withLock { state in
            state.number += 1
            state.underWay[state.number] = .now
            return Sent(number: state.number, acknowledged: state.acknowledged)
        }
    }

    /// Its outcome is known, or given up.
    func end(_ sent: Sent) {
        state.withLock { $0.underWay[sent.number] = nil }
    }

    /// It stands at these positions.
    ///
    /// Positions only grow, so they are greater than all that were acknowledged before it was sent.
    /// True when that is not so, for the first time.
    func acknowledge(_ positions: ClosedRange<Int64>, of sent: Sent) -> Bool {
        state.withLock { state in
            state.acknowledged = max(state.acknowledged, positions.upperBound)
            guard positions.lowerBound <= sent.acknowledged else { return false }
            defer { state.lostFrom = min(state.lostFrom ?? .max, positions.lowerBound) }
            return state.lostFrom == nil
        }
    }
}
