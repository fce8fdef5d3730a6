internal import Ledger
internal import LedgerStack
internal import LedgerStore
internal import Vault

/// How many callers pgbench has when it reads.
private let pgbenchClients = 8

extension BenchStack {
    /// Measures reading.
    package func read() async throws -> BenchReport {
        let crowd = try await crowd()
        var baseline = try await pgbench.run(
            "pgbench, projection row by key",
            script: PackageResources.pgbench_read_sql,
            clients: pgbenchClients
        )
        baseline.isBaseline = true
        let measurements = [
            baseline, try await readFromStore(crowd), try await readTokens(crowd),
            try await readUsers(crowd), try await livez(),
        ]
        return BenchReport(title: "read", measurements: measurements, reference: "pgbench")
    }

    private func readFromStore(_ crowd: Crowd) async throws -> Measurement {
        try await storeLoad.measure("store, user with both tokens opened") { _ in
        } step: { _ in
            let name = Secret(crowd.any())
            guard let user = try await ledger.store.user(name, of: app),
                try ledger.store.value(.accessToken, of: user) != nil,
                try ledger.store.value(.publicToken, of: user) != nil
            else { throw BenchError.userNotFound }
        }
    }

    /// Current tokens, each answer recorded before it leaves.
    func readTokens(_ crowd: Crowd) async throws -> Measurement {
        try await measureHTTP("HTTP, GET …/tokens (recorded)", expect: 200) { _, _ in
            ("/v1/users/\(crowd.any())/tokens", nil)
        }
    }

    func readUsers(_ crowd: Crowd) async throws -> Measurement {
        try await measureHTTP("HTTP, GET …/users/{id}", expect: 200) { _, _ in
            ("/v1/users/\(crowd.any())", nil)
        }
    }
}
