import AsyncHTTPClient
import HumanConnect
import Ledger
import LedgerStore
import NIOCore
import NIOHTTP1

/// How many users each caller launches in turn: the first round makes them, the others find them.
private let usersPerClient = 100

extension BenchStack {
    /// Measures writing.
    func append() async throws -> [Measurement] {
        let baseline = try await pgbench.best(
            "pgbench, event and projection row", script: PackageResources.pgbench_append_sql)
        return [
            baseline, try await appendToExistingUsers(), try await appendNewUsers(),
            try await launchOverHTTP(),
        ]
    }

    private func appendToExistingUsers() async throws -> Measurement {
        try await load.measure("store, launches of known users") { client in
            try await launched(ledger.store.newUser(Secret("known-\(client)"), of: app))
        } step: { user in
            user = try await launched(user)
        }
    }

    private func appendNewUsers() async throws -> Measurement {
        try await load.measure("store, launches of new users") { client in
            (client: client, count: 0)
        } step: { state in
            state.count += 1
            let name = Secret("new-\(state.client)-\(state.count)")
            _ = try await launched(ledger.store.newUser(name, of: app))
        }
    }

    private func launchOverHTTP() async throws -> Measurement {
        try await withHTTPClient { http in
            try await load.measure("HTTP, POST /v1/launches") { client in
                (client: client, count: 0)
            } step: { state in
                state.count += 1
                let name = "http-\(state.client)-\(state.count % usersPerClient)"
                var request = HTTPClientRequest(url: url + "/v1/launches")
                request.method = .POST
                request.headers.add(name: "Authorization", value: "Bearer " + apiKey.exposed)
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(
                    ByteBuffer(string: "{\"client_user_id\":\"\(name)\",\"finish\":\"direct\"}"))
                try await expect(201, http, request)
            }
        }
    }

    /// Writes one launch of a user and gives the user as it is then.
    func launched(_ user: StoredUser) async throws -> StoredUser {
        let store = ledger.store
        let launch = LedgerEvent.Launch(
            launch: store.clock.identifier(), finish: .direct,
            expiry: store.clock.now().adding(seconds: 1_800))
        var change = Change(context: RecordContext(actor: "bench"))
        change.append(user.state.launch(launch), id: launch.launch)
        guard case .written(let written, _) = try await store.write(change, to: user) else {
            throw CommandError("A launch of the benchmark was not written.")
        }
        return written
    }

    /// Sends one request and reads its whole answer.
    func expect(
        _ status: UInt, _ http: HTTPClient, _ request: HTTPClientRequest
    ) async throws {
        let response = try await http.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 1024 * 1024)
        guard response.status.code == status else {
            throw CommandError("The service answered \(response.status.code) under load.")
        }
    }
}
