/// A time in which this process did not run: its machine slept, was moved, or took it off the
/// processor for long.
///
/// Time limits that end in it say nothing of whom we wait for.
package enum Standstill {
    /// A timer of a process that runs is not later than this.
    private static let timerLatenessMax: Duration = .seconds(1)

    /// Whether something that was to take no longer than `timeMax` ends so late that this process
    /// stood still meanwhile.
    package static func explains(
        since begin: ContinuousClock.Instant,
        timeMax: Duration,
        at now: ContinuousClock.Instant = .now
    ) -> Bool {
        now - begin > timeMax + timerLatenessMax
    }

    /// Makes a call, and makes it again where a standstill made its answer late.
    ///
    /// Only for what may be asked twice.
    package static func askingAgain<Value>(
        timeMax: Duration,
        _ call: () async throws(HumanConnectError) -> Value
    ) async throws(HumanConnectError) -> Value {
        let begin = ContinuousClock.now
        do {
            return try await call()
        } catch {
            guard [.unknown(.timedOut), .notSent(.connectTimedOut)].contains(error),
                explains(since: begin, timeMax: timeMax)
            else { throw error }
        }
        return try await call()
    }

    /// Sleeps, and once more after a standstill; ends early when cancelled.
    package static func sleepAwake(for time: Duration) async {
        var begin: ContinuousClock.Instant
        repeat {
            begin = .now
            try? await Task.sleep(for: time)
        } while !Task.isCancelled && explains(since: begin, timeMax: time)
    }
}
