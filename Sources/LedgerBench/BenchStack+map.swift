/// What the map and its proofs are to take (docs/decisions/0065-the-map-of-current-states.md).
private enum MapAims {
    static let memory = Aim(name: "memory of a user, bytes", aim: 120, isCeiling: true)
    static let build = Aim(name: "building the map, s", aim: 10, isCeiling: true)
    static let share = Aim(
        name: "an event in batches of 1,000, % of its append",
        aim: 3,
        isCeiling: true
    )
    static let proof = Aim(name: "proof without the state, bytes", aim: 1_500, isCeiling: true)
    static let made = Aim(name: "proof made, p99 µs", aim: 1_000, isCeiling: true)
    static let verified = Aim(name: "proof verified, p99 µs", aim: 1_000, isCeiling: true)
}

extension BenchStack {
    /// Measures the map of states in this process, beside appends of the store in the same run.
    package func map() async throws -> BenchReport {
        let append = try await appendToConnectedUsers(try await connectedUsers())
        var bench = MapBench(users: plan.users, signers: try MapBench.Signers())
        let figures = try bench.run(tell: tell)
        let cost = append.processor?.sum ?? 0
        var report = BenchReport(title: "map", measurements: [append])
        report.aims = [
            AimResult(aim: MapAims.memory, value: figures.bytesPerUser),
            AimResult(aim: MapAims.build, value: figures.buildSeconds),
            AimResult(aim: MapAims.share, value: 100 * (figures.update.last?.seconds ?? 0) / cost),
            AimResult(aim: MapAims.proof, value: Double(figures.proofBytes)),
            AimResult(aim: MapAims.made, value: Self.quantile(0.99, figures.makeMicroseconds)),
            AimResult(
                aim: MapAims.verified,
                value: Self.quantile(0.99, figures.verifyMicroseconds)
            ),
        ]
        report.notes = Self.notes(figures, append: cost)
        return report
    }

    private static func notes(_ figures: MapBench.Figures, append cost: Double) -> [String] {
        let decimal = BenchReport.decimal
        let updates = figures.update.map { update in
            "\(decimal(1_000_000 * update.seconds)) µs in batches of \(update.batch) "
                + "(\(decimal(100 * update.seconds / cost)) %)"
        }
        let times = { (microseconds: [Double]) in
            "p50 \(decimal(quantile(0.50, microseconds))), "
                + "p99 \(decimal(quantile(0.99, microseconds))) µs"
        }
        return [
            "Processor time of an event in the map, key and value included, and its share of an "
                + "append: " + updates.joined(separator: ", ") + ".",
            "A proof with one witness has \(figures.proofBytes) bytes beside the state's "
                + "\(figures.stateBytes), and \(figures.namedProofBytes) with a name.",
            "Made with a name: \(times(figures.makeMicroseconds)). Read and verified, with four "
                + "signatures: \(times(figures.verifyMicroseconds)).",
            "\(figures.differences) keys in which two maps differ are named in "
                + "\(decimal(1_000 * figures.compareSeconds)) ms.",
        ]
    }

    private static func quantile(_ share: Double, _ numbers: [Double]) -> Double {
        let sorted = numbers.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
