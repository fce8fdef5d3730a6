internal import Synchronization

/// What is left to many callers of one kind, each by its name.
///
/// Bounded: those who have not called for longest are forgotten, and begin anew.
final class RateTable<Name: Hashable & Sendable>: Sendable {
    /// How one caller stands after a call.
    struct Standing: Sendable, Equatable {
        /// Whether the call was within its rate.
        let isWithin: Bool
        /// How many calls are left at this moment.
        let left: Int
        /// Until all are there again; of one that was refused, until there is one.
        let wait: Duration
    }

    private struct Bucket {
        var calls: Double
        var time: ContinuousClock.Instant
    }

    private struct State {
        /// Who called lately, and who did before.
        var recent: [Name: Bucket] = [:]
        var earlier: [Name: Bucket] = [:]
    }

    let rate: CallRate
    private let state = Mutex(State())

    init(_ rate: CallRate) {
        self.rate = rate
    }

    /// Takes one call from what is left, if there is any.
    func take(_ name: Name, at now: ContinuousClock.Instant = .now) -> Standing {
        state.withLock { state in
            var calls = calls(of: name, state, now)
            let isWithin = calls >= 1
            if isWithin { calls -= 1 }
            if state.recent[name] == nil, state.recent.count >= RequestLimits.rateNamesMax / 2 {
                state.earlier = state.recent
                state.recent = [:]
            }
            state.recent[name] = Bucket(calls: calls, time: now)
            let missing = isWithin ? rate.burst - calls : 1 - calls
            return Standing(
                isWithin: isWithin,
                left: Int(calls),
                wait: .seconds(missing / rate.perSecond)
            )
        }
    }

    /// How many callers are remembered.
    var nameCount: Int { state.withLock { $0.recent.count + $0.earlier.count } }

    /// Whether a call would be within its rate; takes nothing.
    func hasRoom(_ name: Name, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { calls(of: name, $0, now) >= 1 }
    }

    private func calls(
        of name: Name,
        _ state: borrowing State,
        _ now: ContinuousClock.Instant
    ) -> Double {
        guard let bucket = state.recent[name] ?? state.earlier[name] else { return rate.burst }
        let grown = bucket.calls + (now - bucket.time) / .seconds(1) * rate.perSecond
        return min(rate.burst, grown)
    }
}
