internal import Ledger
internal import LedgerAudit
internal import LedgerStack
internal import LedgerStore
internal import Postgres
internal import Vault

/// How often a measurement of the whole history is done; the one in the middle counts.
private let roundsOfHistory = 3
/// How long to wait between two looks at the last checkpoint.
private let integrationPause: Duration = .milliseconds(50)

extension BenchStack {
    /// Measures verifying a whole history.
    package func verify() async throws -> BenchReport {
        try await prepareHistory()
        let measurements = [
            try await readRows(),
            try await measureHistory("verify, without the root key") {
                try await verify(VerificationPlan())
            },
            try await measureHistory("verify, with the root key") {
                var plan = VerificationPlan()
                plan.rootKeys = RootKeys(try RootKey(file: ledger.rootKeyFile))
                return try await verify(plan)
            },
        ]
        return BenchReport(
            title: "verify",
            measurements: measurements,
            reference: "psql",
            notes: ["The aim: at least 100,000 events a second, better 300,000."]
        )
    }

    /// Measures folding a whole history into a new projection.
    package func rebuild() async throws -> BenchReport {
        try await prepareHistory()
        let events = Int(try await ledger.store.size(log: .facts))
        let measurements = [
            try await readRows(),
            try await measureHistory("projection rebuild") {
                let report = try await ProjectionRebuild.run(
                    ledger.owner,
                    rootKeys: RootKeys(try RootKey(file: ledger.rootKeyFile))
                )
                guard report.differences == 0 else {
                    throw BenchError.otherProjection
                }
                return events
            },
        ]
        return BenchReport(
            title: "rebuild",
            measurements: measurements,
            reference: "psql",
            notes: ["The aim: at least 100,000 events a second."]
        )
    }

    /// Measures single proofs.
    package func proof() async throws -> BenchReport {
        try await prepareHistory()
        let store = ledger.store
        let log = Log.facts
        let size = Int(try await store.size(log: log))
        let one = load(clients: 1)
        let measurements = [
            try await one.measure("store, inclusion proof") { _ in
            } step: { _ in
                var reader = TreeReader(store, size: Int64(size), log: log)
                _ = try await reader.inclusion(of: .random(in: 0..<Int64(size)))
            },
            try await one.measure("store, consistency proof") { _ in
            } step: { _ in
                var reader = TreeReader(store, size: Int64(size), log: log)
                _ = try await reader.consistency(from: .random(in: 1...Int64(size)))
            },
            try await proveOverHTTP(size, one), try await proveConsistencyOverHTTP(size, one),
            try await proveOverHTTP(size, load),
        ]
        return BenchReport(
            title: "proof",
            measurements: measurements,
            notes: ["The aim: one proof in less than 5 ms."]
        )
    }

    func proveOverHTTP(_ size: Int, _ load: Load) async throws -> Measurement {
        try await measureHTTP("HTTP, GET /v1/events/{position}/proof", load, expect: 200) { _, _ in
            ("/v1/events/\(Int.random(in: 0..<size))/proof", nil)
        }
    }

    private func proveConsistencyOverHTTP(_ size: Int, _ load: Load) async throws -> Measurement {
        try await measureHTTP("HTTP, GET /v1/consistency", load, expect: 200) { _, _ in
            ("/v1/consistency?from=\(Int.random(in: 1...size))&to=\(size)", nil)
        }
    }

    // MARK: The history

    /// Writes what is missing of the history.
    func prepareHistory() async throws {
        let size = Int(try await ledger.store.size(log: .facts))
        if size < plan.events {
            tell("Writing \(plan.events - size) events …")
            try await history.fill(events: plan.events - size, prefix: "history-\(port)")
        }
        try await settle()
    }

    /// Lets tree and statistics catch up with what was written.
    func settle() async throws {
        try await waitForIntegration()
        let connection = try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
        // What the server would do within the next minutes anyway, in the midst of a measurement.
        try await connection.script("vacuum (analyze)")
        try await connection.script("checkpoint")
        await connection.close()
    }

    /// Waits until checkpoints cover all that was written.
    func waitForIntegration() async throws {
        for log in ledger.store.logs.all {
            let size = try await ledger.store.size(log: log)
            while try await ledger.store.latestCheckpoint(log: log)?.size ?? -1 < size {
                try await Task.sleep(for: integrationPause)
            }
        }
    }

    private func verify(_ plan: VerificationPlan) async throws -> Int {
        let report = try await Verification.run(ledger.owner, plan: plan)
        if let finding = report.findings.first { throw BenchError.found("\(finding)") }
        return Int(report.events)
    }

    /// What reading alone costs: psql copies all rows to nowhere.
    private func readRows() async throws -> Measurement {
        var events = 0
        for log in ledger.store.logs.all {
            events += Int(try await ledger.store.size(log: log))
        }
        let count = events
        return try await measureHistory("psql, every row read once", isBaseline: true) {
            _ = try await psql.seconds(of: PackageResources.read_rows_sql, output: "/dev/null")
            return count
        }
    }

    /// Does one thing over the whole history several times; the one in the middle counts.
    ///
    /// `body` gives how many events it went over.
    func measureHistory(
        _ name: String,
        isBaseline: Bool = false,
        _ body: () async throws -> Int
    ) async throws -> Measurement {
        tell("Measuring: \(name) …")
        var rounds: [Measurement] = []
        for _ in 0..<roundsOfHistory {
            let (before, start) = (try meter.now(ended: true), ContinuousClock.now)
            let count = try await body()
            var spent = try meter.now(ended: true) - before
            // A program of PostgreSQL's works then, and this one waits for it.
            if isBaseline { spent.service = nil }
            rounds.append(
                Measurement(
                    name: name,
                    count: count,
                    seconds: (ContinuousClock.now - start) / .seconds(1),
                    processor: spent,
                    isBaseline: isBaseline
                )
            )
        }
        guard let middle = Measurement.middle(rounds) else { throw BenchError.nothingMeasured }
        return middle
    }
}
