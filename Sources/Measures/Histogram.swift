/// How many values fell between which bounds, since the start of the process.
///
/// Recording is two additions that never wait.
package final class Histogram: Sendable {
    /// The bounds of a histogram, in whole units of what is recorded.
    package struct Bounds: Sendable {
        let values: [Int]
        /// How many of these units make one of those that are shown.
        let unitsShown: Double

        /// Bounds for numbers of things, ascending.
        package static func numbers(_ values: [Int]) -> Bounds {
            Bounds(values: values, unitsShown: 1)
        }

        /// Bounds for times, ascending; shown in seconds.
        package static func times(_ values: [Duration]) -> Bounds {
            Bounds(values: values.map(Histogram.nanoseconds), unitsShown: 1e9)
        }

        /// For requests: what OpenTelemetry advises for `http.server.request.duration`, and two finer
        /// ones, for most of ours take a few milliseconds.
        package static let requestTimes = times(
            [1, 2.5, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000]
                .map { .milliseconds($0) }
        )
    }

    let bounds: Bounds
    /// One for each bound, and one for what is beyond the last.
    private let counters: [Counter]
    private let total = Counter()

    /// Nothing is recorded yet.
    package init(_ bounds: Bounds) {
        self.bounds = bounds
        counters = (0...bounds.values.count).map { _ in Counter() }
    }

    /// Takes one number; a bound belongs to what is below it.
    package func record(_ value: Int) {
        counters[bounds.values.firstIndex { value <= $0 } ?? bounds.values.count].add()
        total.add(value)
    }

    /// Takes one time.
    package func record(_ time: Duration) { record(Self.nanoseconds(time)) }

    /// How many values were recorded.
    package var count: Int { counters.reduce(0) { $0 + $1.value } }

    /// What was recorded so far, the counts from the lowest bound upwards.
    var snapshot: (counts: [Int], sum: Double) {
        (counters.map(\.value), Double(total.value) / bounds.unitsShown)
    }

    private static func nanoseconds(_ time: Duration) -> Int {
        let (seconds, attoseconds) = time.components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }
}
