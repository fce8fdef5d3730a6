internal import LedgerStack
internal import Synchronization

/// How many honest requests arrive a second: reads of current tokens and launches, in turn.
private let honestPerSecond = 200.0
/// How many connections they come over.
private let honestConnections = 64
/// How often the service's memory is looked at.
private let memoryPause = Duration.milliseconds(100)
/// How long a new process is called before it is measured.
private let warmUpSeconds = 3

extension BenchStack {
    /// Measures what honest callers get while others mean harm.
    package func hostile() async throws -> HostileReport {
        let crowd = try await crowd()
        var stages: [HostileReport.Stage] = []
        for attack in Attack.all(host: LocalPort.host, withKey: { bytes($0, $1) }) {
            tell("Measuring: \(attack.name) …")
            // A process of its own for each: what one attack leaves behind hides no growth of another.
            stages.append(
                try await ServiceProcess.run(self) { try await $0.stage(attack, crowd) }
            )
        }
        return HostileReport(stages: stages)
    }

    /// Honest callers alone, and then beside one attack.
    private func stage(_ attack: Attack, _ crowd: Crowd) async throws -> HostileReport.Stage {
        // What the first requests leave behind is not counted as growth.
        _ = try await honest(crowd, "warm-up", seconds: warmUpSeconds)
        let quiet = try await honest(crowd, "nobody hostile")
        let before = try serviceMemory()
        let ((beside, most), hostile) = try await HostileCallers.run(
            attack,
            host: LocalPort.host,
            port: port
        ) {
            try await withMostMemory { try await honest(crowd, attack.name) }
        }
        return HostileReport.Stage(
            attack: attack,
            quiet: quiet,
            honest: beside,
            hostile: hostile,
            growth: max(0, most - before)
        )
    }

    /// Honest callers for as long as is planned.
    private func honest(
        _ crowd: Crowd,
        _ name: String,
        seconds: Int? = nil
    ) async throws -> ArrivalTally {
        let seconds = seconds ?? plan.seconds
        let count = Int(honestPerSecond) * seconds
        try await crowd.reserve(count)
        let requests = (0..<count).map { number in
            number.isMultiple(of: 2)
                ? bytes("/v1/users/\(crowd.any())/tokens", nil)
                : bytes("/v1/launches", Self.launch(of: crowd.fresh()).body)
        }
        try crowd.check()
        let arrivals = OpenLoad.Arrivals(name: name, perSecond: honestPerSecond, seconds: seconds)
        return try await OpenLoad.run(
            OpenLoad.Plan(
                host: LocalPort.host,
                port: port,
                connections: honestConnections,
                requests: requests,
                phases: [arrivals]
            )
        )[0]
    }

    private func serviceMemory() throws -> Int {
        guard let service else { throw BenchError.noProcessorTime }
        return try ProcessorMeter.memory(of: service)
    }

    /// The most memory that the service held meanwhile, in bytes.
    private func withMostMemory<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (Value, Int) {
        try await withThrowingTaskGroup(of: Int.self) { group in
            let isOver = Mutex(false)
            group.addTask {
                var most = 0
                while !isOver.withLock({ $0 }) {
                    most = max(most, try serviceMemory())
                    try await Task.sleep(for: memoryPause)
                }
                return most
            }
            let value = try await body()
            isOver.withLock { $0 = true }
            return (value, try await group.next() ?? 0)
        }
    }
}
