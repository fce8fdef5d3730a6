internal import Ledger
internal import LedgerStack
internal import LedgerStore
internal import Vault

/// How many connected users there are to be read.
private let usersMax = 1_000

extension BenchStack {
    /// Measures reading.
    package func read() async throws -> BenchReport {
        let baseline = try await pgbench.best(
            "pgbench, projection row by key",
            script: PackageResources.pgbench_read_sql
        )
        try await connectUsers()
        let measurements = [
            baseline, try await readFromStore(),
            try await readOverHTTP("HTTP, GET …/tokens (recorded)", path: "/tokens"),
            try await readOverHTTP("HTTP, GET …/users/{id}", path: ""),
        ]
        return BenchReport(title: "read", measurements: measurements, reference: "pgbench")
    }

    private func readFromStore() async throws -> Measurement {
        try await load.measure("store, user with both tokens opened") { _ in
        } step: { _ in
            let name = Secret(Self.anyUser)
            guard let user = try await ledger.store.user(name, of: app),
                try ledger.store.value(.accessToken, of: user) != nil,
                try ledger.store.value(.publicToken, of: user) != nil
            else { throw BenchError.userNotFound }
        }
    }

    private func readOverHTTP(_ name: String, path: String) async throws -> Measurement {
        try await measureHTTP(name, expect: 200) { _, _ in
            ("/v1/users/\(Self.anyUser)\(path)", nil)
        }
    }

    private static var anyUser: String { "reader-\(Int.random(in: 0..<usersMax))" }

    /// Users with tokens as long as real ones.
    private func connectUsers() async throws {
        tell("Making \(usersMax) connected users …")
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<usersMax {
                group.addTask {
                    try await history.tell("reader-\(number)", returns: 0)
                }
            }
        }
    }
}
