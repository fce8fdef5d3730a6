import Ledger
import LedgerStore

/// How many users each caller launches in turn: the first round makes them, the others find them.
private let usersPerClient = 100

extension BenchStack {
    /// Measures writing.
    func append() async throws -> [Measurement] {
        let baseline = try await pgbench.best(
            "pgbench, event and projection row",
            script: PackageResources.pgbench_append_sql
        )
        return [
            baseline, try await appendToExistingUsers(), try await appendNewUsers(),
            try await launchOverHTTP(),
        ]
    }

    /// Tells the users of this run from those of earlier ones in the same folder.
    private var run: String { "\(port)" }

    private func appendToExistingUsers() async throws -> Measurement {
        try await load.measure("store, launches of known users") { client in
            var users: [StoredUser] = []
            for number in 0..<usersPerClient {
                let name = Secret("known-\(run)-\(client)-\(number)")
                users.append(try await launched(ledger.store.newUser(name, of: app)))
            }
            return (users: users, next: 0)
        } step: { state in
            state.users[state.next] = try await launched(state.users[state.next])
            state.next = (state.next + 1) % usersPerClient
        }
    }

    private func appendNewUsers() async throws -> Measurement {
        try await load.measure("store, launches of new users") { client in
            (client: client, count: 0)
        } step: { state in
            state.count += 1
            let name = Secret("new-\(run)-\(state.client)-\(state.count)")
            _ = try await launched(ledger.store.newUser(name, of: app))
        }
    }

    private func launchOverHTTP() async throws -> Measurement {
        try await measureHTTP("HTTP, POST /v1/launches", expect: 201) { client, number in
            let name = "http-\(client)-\(number % usersPerClient)"
            return ("/v1/launches", "{\"client_user_id\":\"\(name)\",\"finish\":\"direct\"}")
        }
    }

    /// Writes one launch of a user and gives the user as it is then.
    func launched(_ user: StoredUser) async throws -> StoredUser {
        let store = ledger.store
        let launch = LedgerEvent.Launch(
            launch: store.clock.identifier(),
            finish: .direct,
            expiry: store.clock.now().adding(seconds: 1_800)
        )
        var change = Change(context: RecordContext(actor: "bench"))
        change.append(user.state.launch(launch), id: launch.launch)
        guard case .written(let written, _) = try await store.write(change, to: user) else {
            throw CommandError("A launch of the benchmark was not written.")
        }
        return written
    }
}
