internal import Ledger
internal import LedgerStack
internal import LedgerStore

/// How long one event after the other trickles in, to see what a checkpoint each second costs.
private let trickleSeconds = 12
private let tricklePause: Duration = .milliseconds(250)

extension BenchStack {
    /// Measures what integrating costs the append path.
    ///
    /// Both cores are busy while events are appended, so what integrating takes of them is what
    /// appends lose. The disk and the other tenants of a machine make the rates of one and the
    /// same load differ by half; the processor time of an event differs by little, so that is what
    /// is compared: appending without the integrator, then integrating just these events. What a
    /// checkpoint each second costs however few events it has is measured beside it.
    package func integrate() async throws -> BenchReport {
        let users = try await knownUsers()
        var appends: [Measurement] = []
        let appending = try await processorTime {
            for _ in 0..<3 {
                appends.append(try await appendToKnownUsers("without the integrator", users))
            }
        }
        let appended = appends.reduce(0) { $0 + $1.count }
        let recorded = try await recordCount()
        let quiet = try await processorTime { try await trickle(users[0]) }
        let report = try await withThrowingTaskGroup(of: Void.self) { group in
            let integrating = try await processorTime {
                group.addTask { try await integrator.run() }
                try await waitForIntegration()
            }
            let checkpoints = try await processorTime { try await trickle(users[0]) }
            let beside = try await appendToKnownUsers("with the integrator", users)
            group.cancelAll()
            let cost = IntegrationCost(
                append: appending / Double(appended),
                event: integrating / Double(recorded),
                second: max(0, checkpoints - quiet) / Double(trickleSeconds),
                rate: appends.map(\.rate).sorted()[appends.count / 2]
            )
            return (beside, cost)
        }
        var alone = appends.sorted { $0.rate < $1.rate }[appends.count / 2]
        alone.isBaseline = true
        return BenchReport(
            title: "integrate",
            measurements: [alone, report.0],
            reference: "alone",
            notes: report.1.sentences
        )
    }

    /// The processor time, in seconds, that work takes here and in PostgreSQL.
    private func processorTime(_ work: () async throws -> Void) async throws -> Double {
        let before = try meter.now()
        try await work()
        return try (meter.now() - before).sum
    }

    private func recordCount() async throws -> Int64 {
        var count: Int64 = 0
        for log in ledger.store.logs.all { count += try await ledger.store.size(log: log) }
        return count
    }

    /// A few events, so that each second has something to publish.
    private func trickle(_ users: KnownUsers) async throws {
        let end = ContinuousClock.now + .seconds(trickleSeconds)
        while ContinuousClock.now < end {
            try await users.launchNext(history)
            try await Task.sleep(for: tricklePause)
        }
    }
}

/// What integrating costs beside appending, in seconds of processor time.
private struct IntegrationCost {
    /// For one event that is appended.
    let append: Double
    /// For one event that is integrated.
    let event: Double
    /// For one second's checkpoint.
    let second: Double
    /// How many events were appended a second.
    let rate: Double

    /// The share of what appending takes.
    private var share: Double { (event + second / max(1, rate)) / append }

    var sentences: [String] {
        let micro = { (seconds: Double) in BenchReport.decimal(1_000_000 * seconds) }
        return [
            "Processor time, PostgreSQL's included: \(micro(append)) µs to append an event, "
                + "\(micro(event)) µs to integrate it, \(micro(second)) µs for each second's "
                + "checkpoint.",
            "Integrating costs \(BenchReport.decimal(100 * share)) % of appending at this rate "
                + "(aim: at most 5 %).",
        ]
    }
}
