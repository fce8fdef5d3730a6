/// How often everything is measured, in turn, so that a slow minute of the machine is slow for all.
private let rounds = 3

extension BenchStack {
    /// Measures what the aims compare, and the limit, in one run.
    package func aims() async throws -> BenchReport {
        let crowd = try await crowd()
        let connected = try await connectedUsers()
        var measured: [[AimedRow: Measurement]] = []
        for _ in 0..<rounds {
            let pgbench = try await pgbenchAppends()
            measured.append([
                .pgbenchOne: pgbench[0], .pgbench: pgbench[1], .pgbenchMany: pgbench[2],
                .storeConnected: try await appendToConnectedUsers(connected),
                .storeNew: try await appendNewUsers(),
                .launchConnected: try await launchConnected(crowd),
                .launchNew: try await launchNew(), .tokens: try await readTokens(crowd),
                .user: try await readUsers(crowd), .livez: try await livez(),
            ])
        }
        let rows = AimedRow.allCases.compactMap { row in
            Measurement.middle(measured.compactMap { $0[row] })
        }
        let limit = try await limit()
        return BenchReport(
            title: "aims",
            measurements: rows + limit,
            reference: "pgbench",
            aims: Aim.ratios.map { aim, of, to in
                let ratios = measured.compactMap { round in
                    round[of].flatMap { of in round[to].map { of.rate / max(1, $0.rate) } }
                }
                return AimResult(aim: aim, value: ratios.sorted()[ratios.count / 2])
            },
            notes: [
                "\(crowd.count) connected users; each is launched once. Every row is the middle of "
                    + "\(rounds) rounds, every ratio the middle of theirs."
            ]
        )
    }
}
