/// What the service costs at one size of the ledger.
struct GrowthStage: Sendable {
    /// How many events there were at least.
    let size: Int
    let users: Int
    /// How many events a second were written before.
    let fillRate: Double
    let launch: Measurement
    let user: Measurement
    let proof: Measurement
    /// What does not depend on the size: what it costs more is the machine's doing.
    let livez: Measurement
    /// A second with one launch and its checkpoint.
    let checkpoint: Measurement
    /// What the service holds, in bytes.
    let memory: Int

    private static let bytesPerMegabyte = 1_000_000.0

    /// The rows of the table.
    var measurements: [Measurement] {
        [launch, user, proof, livez, checkpoint].map { measurement in
            var row = measurement
            row.name = "\(size) events: \(measurement.name)"
            return row
        }
    }

    var sentence: String {
        "\(size) events, \(users) connected users: written at \(Int(fillRate)) events/s; the service "
            + "holds \(BenchReport.decimal(megabytes)) MB."
    }

    private var megabytes: Double { Double(memory) / Self.bytesPerMegabyte }

    /// How the last size compares with the first, in processor time of service and PostgreSQL.
    static func results(_ first: GrowthStage, _ last: GrowthStage) -> [AimResult] {
        let operations: [(name: String, of: (GrowthStage) -> Measurement)] = [
            ("launch of a connected user", \.launch), ("user read", \.user), ("proof", \.proof),
            ("second with its checkpoint", \.checkpoint),
        ]
        return operations.map { name, of in
            AimResult(
                aim: .growth("processor time of a \(name), last / first"),
                value: cost(of(last)) / cost(of(first))
            )
        } + [
            AimResult(
                aim: .growthOfPostgres,
                value: (last.launch.processor?.postgres ?? 0)
                    / (first.launch.processor?.postgres ?? 0)
            ),
            AimResult(aim: .memory, value: last.megabytes),
        ]
    }

    /// How much of it is the machine's doing.
    static func control(_ first: GrowthStage, _ last: GrowthStage) -> String {
        let ratio = BenchReport.decimal(cost(last.livez) / cost(first.livez))
        return
            "An empty request took \(ratio) times as much at the last size as at the first: that "
            + "is the machine, and its neighbours."
    }

    private static func cost(_ measurement: Measurement) -> Double {
        (measurement.processor?.service ?? 0) + (measurement.processor?.postgres ?? 0)
    }
}
