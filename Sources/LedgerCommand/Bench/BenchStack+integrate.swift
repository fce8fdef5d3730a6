import LedgerStore

/// How often each of the two is measured: a machine is never quite quiet, and the middle counts.
private let roundsOfIntegration = 8

extension BenchStack {
    /// Measures what integrating costs the append path.
    ///
    /// The same load runs with and without the integrator in turn, and who begins changes from
    /// round to round: a growing table and a busy machine then weigh on both alike.
    func integrate() async throws -> BenchReport {
        let users = try await knownUsers()
        var without: [Measurement] = []
        var with: [Measurement] = []
        for round in 0..<roundsOfIntegration {
            for isIntegrating in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                if isIntegrating {
                    with.append(try await appendWhileIntegrating(users))
                } else {
                    without.append(try await appendToKnownUsers("without the integrator", users))
                }
            }
        }
        let costs = zip(without, with).map { 100 * (1 - $1.rate / $0.rate) }
        var alone = Self.middle(without)
        alone.isBaseline = true
        return BenchReport(
            title: "integrate",
            measurements: [alone, Self.middle(with)],
            reference: "alone",
            notes: [
                "Integrating costs \(BenchReport.decimal(Self.median(costs))) % of the appends in the "
                    + "middle round (aim: at most 5 %); in each: "
                    + costs.map(BenchReport.decimal).joined(separator: ", ") + "."
            ]
        )
    }

    /// The same load beside the integrator, which has caught up before.
    private func appendWhileIntegrating(_ users: [KnownUsers]) async throws -> Measurement {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await integrator.run() }
            try await waitForIntegration()
            let measurement = try await appendToKnownUsers("with the integrator", users)
            group.cancelAll()
            return measurement
        }
    }

    private static func middle(_ measurements: [Measurement]) -> Measurement {
        measurements.sorted { $0.rate < $1.rate }[measurements.count / 2]
    }

    private static func median(_ numbers: [Double]) -> Double {
        let sorted = numbers.sorted()
        return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    }
}
