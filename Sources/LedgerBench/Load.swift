/// Callers that do the same thing again and again, as fast as they get answers.
struct Load: Sendable {
    let clients: Int
    let seconds: Int
    /// Is told in words what is measured.
    let tell: @Sendable (String) -> Void
    /// Reads the processor time meanwhile, if anything does.
    var meter: ProcessorMeter?

    /// Before it counts, so that plans, caches and connections are there.
    private static let warmUp: Duration = .milliseconds(500)

    /// How long the callers are at work.
    var secondsInAll: Double { Double(seconds) + Self.warmUp / .seconds(1) }

    /// Runs all callers at once and takes the time of each operation.
    ///
    /// `prepare` makes a caller's own state, by the caller's number, and is not measured; `step` is
    /// one operation. Throws what either of them throws.
    func measure<State: Sendable>(
        _ name: String,
        prepare: @escaping @Sendable (Int) async throws -> State,
        step: @escaping @Sendable (inout State) async throws -> Void
    ) async throws -> Measurement {
        try await measureConnections(name) { client, begin, end in
            let clock = ContinuousClock()
            var state = try await prepare(client)
            var times: [Int] = []
            while true {
                let start = clock.now
                if start >= end { return times }
                try await step(&state)
                let stop = clock.now
                if start >= begin, stop < end {
                    times.append(Int((stop - start) / .microseconds(1)))
                }
            }
        }
    }

    /// Runs all callers at once, each of which takes its own times between two instants.
    func measureConnections(
        _ name: String,
        loader: ProcessorMeter.Loader = .callers,
        _ caller:
            @escaping @Sendable (
                _ client: Int, _ begin: ContinuousClock.Instant, _ end: ContinuousClock.Instant
            ) async throws -> [Int]
    ) async throws -> Measurement {
        tell("Measuring: \(name), \(clients) callers …")
        let begin = ContinuousClock.now + Self.warmUp
        let end = begin + .seconds(seconds)
        let meter = meter
        async let spent = meter?.spent(loader, from: begin, to: end)
        let times = try await withThrowingTaskGroup(of: [Int].self) { group in
            for client in 0..<clients {
                group.addTask { try await caller(client, begin, end) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Measurement(
            name: name,
            clients: clients,
            seconds: Double(seconds),
            microseconds: times,
            processor: try await spent
        )
    }
}
