internal import Ledger
internal import LedgerStack
internal import LedgerStore

/// How many users each caller launches in turn: the first round makes them, the others find them.
private let usersPerClient = 100

extension BenchStack {
    /// Measures writing.
    package func append() async throws -> BenchReport {
        let baseline = try await pgbench.best(
            "pgbench, event and projection row",
            script: PackageResources.pgbench_append_sql
        )
        let measurements = [
            baseline,
            try await appendToKnownUsers("store, launches of known users", knownUsers()),
            try await appendNewUsers(), try await launchOverHTTP(),
        ]
        return BenchReport(title: "append", measurements: measurements, reference: "pgbench")
    }

    /// Tells the users of this run from those of earlier ones in the same folder.
    private var run: String { "\(port)" }

    /// How a user is called that `knownUsers()` makes; numbers are repeated when all are used.
    func knownUserID(client: Int, number: Int) -> String {
        "known-\(run)-\(client % plan.clients)-\(number % usersPerClient)"
    }

    /// Launches of users who are there.
    func appendToKnownUsers(_ name: String, _ users: [KnownUsers]) async throws -> Measurement {
        try await load.measure(name) { client in
            users[client]
        } step: { users in
            try await users.launchNext(history)
        }
    }

    /// Users for each caller, launched once before anything is measured.
    func knownUsers() async throws -> [KnownUsers] {
        tell("Making \(plan.clients * usersPerClient) users …")
        return try await withThrowingTaskGroup(of: KnownUsers.self) { group in
            for client in 0..<plan.clients {
                group.addTask {
                    var users: [StoredUser] = []
                    for number in 0..<usersPerClient {
                        let name = Secret(knownUserID(client: client, number: number))
                        users.append(
                            try await history.launched(ledger.store.newUser(name, of: app))
                        )
                    }
                    return KnownUsers(users)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func appendNewUsers() async throws -> Measurement {
        try await load.measure("store, launches of new users") { client in
            (client: client, count: 0)
        } step: { state in
            state.count += 1
            let name = Secret("new-\(run)-\(state.client)-\(state.count)")
            _ = try await history.launched(ledger.store.newUser(name, of: app))
        }
    }

    private func launchOverHTTP() async throws -> Measurement {
        try await measureHTTP("HTTP, POST /v1/launches", expect: 201) { client, number in
            let name = "http-\(client)-\(number % usersPerClient)"
            return ("/v1/launches", "{\"client_user_id\":\"\(name)\",\"finish\":\"direct\"}")
        }
    }
}
