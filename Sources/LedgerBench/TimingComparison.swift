/// Two kinds of call that must not be told apart by the time that they take, called in random order.
struct TimingComparison: Sendable {
    let name: String
    /// What the two differ in.
    let left: String
    let right: String
    /// Whether it is the control, which must be told apart: a measurement that cannot see what is
    /// there proves nothing.
    var isControl = false
    /// In nanoseconds for one call.
    let leftTimes: SampleMoments
    let rightTimes: SampleMoments
    /// How many samples were left out.
    let dropped: Int

    /// Beyond this |t| two kinds differ for a reason: for many samples chance gives as much in fewer
    /// than one of 100,000 measurements (docs/threats.md#g21).
    static let bound = 4.5
    /// The slowest samples, of both kinds together, are the machine's doing: interrupts, other
    /// processes.
    ///
    /// They are left out, by a limit that the first samples give.
    private static let keptShare = 0.9
    private static let pilotSamples = 1_000

    var t: Double { SampleMoments.t(leftTimes, rightTimes) }

    /// Whether it is as it should be.
    var holds: Bool { isControl ? abs(t) > Self.bound : abs(t) < Self.bound }

    /// Times so many calls of either kind, in random order.
    ///
    /// `prepare` gives what is called with, for the left kind or the right one, and is not timed. Each
    /// sample is of `repeats` calls with the same.
    static func measure<Input>(
        _ name: String,
        _ left: String,
        _ right: String,
        samples: Int,
        repeats: Int = 1,
        isControl: Bool = false,
        prepare: (_ isLeft: Bool) -> Input,
        call: (borrowing Input) async throws -> Void
    ) async throws -> TimingComparison {
        var (leftTimes, rightTimes) = (SampleMoments(), SampleMoments())
        var pilot: [Double] = []
        var limit = Double.infinity
        var dropped = 0
        for number in 0..<(samples + pilotSamples) {
            let isLeft = Bool.random()
            let input = prepare(isLeft)
            let begin = ContinuousClock.now
            for _ in 0..<repeats { try await call(input) }
            let time = begin.duration(to: .now) / .nanoseconds(1) / Double(repeats)
            if number < pilotSamples {
                pilot.append(time)
                if number == pilotSamples - 1 {
                    limit = pilot.sorted()[Int(Double(pilotSamples) * keptShare)]
                }
                continue
            }
            guard time <= limit else {
                dropped += 1
                continue
            }
            if isLeft { leftTimes.add(time) } else { rightTimes.add(time) }
        }
        return TimingComparison(
            name: name,
            left: left,
            right: right,
            isControl: isControl,
            leftTimes: leftTimes,
            rightTimes: rightTimes,
            dropped: dropped
        )
    }
}
