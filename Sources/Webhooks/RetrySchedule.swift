package import Ledger

/// When a message is sent again that did not arrive.
package struct RetrySchedule: Sendable {
    /// How long to wait after the first attempt.
    let firstSeconds: Double
    /// By how much longer after each further one.
    let factor: Double
    /// And how long at most.
    let secondsMax: Double
    /// After how long an endpoint is given up that took nothing.
    let daysSeconds: Int64

    /// Three days, in about fifteen attempts: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, then every 4 to 8
    /// hours, each time up to half as long, at random.
    package static let usual = RetrySchedule(
        firstSeconds: 5,
        factor: 4,
        secondsMax: 28_800,
        daysSeconds: 259_200
    )

    /// A schedule of its own, for tests.
    package init(firstSeconds: Double, factor: Double, secondsMax: Double, daysSeconds: Int64) {
        self.firstSeconds = firstSeconds
        self.factor = factor
        self.secondsMax = secondsMax
        self.daysSeconds = daysSeconds
    }

    /// When to try again after so many attempts, at least one; the last time is when the days are over.
    ///
    /// `jitter` is from 0 to 1; at 1 it is the whole pause, at 0 the half of it.
    package func next(
        afterAttempts count: Int,
        first: Timestamp,
        now: Timestamp,
        jitter: Double
    ) -> Timestamp {
        var seconds = firstSeconds
        for _ in 1..<max(1, count) where seconds < secondsMax { seconds *= factor }
        seconds = min(seconds, secondsMax) * (0.5 + jitter / 2)
        let next = Timestamp(microseconds: now.microseconds + Int64(seconds * 1_000_000))
        let last = first.adding(seconds: daysSeconds)
        return last > now ? min(next, last) : next
    }

    /// Whether an endpoint is given up that has taken nothing since then.
    package func isOver(first: Timestamp, now: Timestamp) -> Bool {
        first.adding(seconds: daysSeconds) <= now
    }
}
