import Ledger
import LedgerStore

/// How many connected users there are to be read.
private let usersMax = 1_000

extension BenchStack {
    /// Measures reading.
    func read() async throws -> [Measurement] {
        let baseline = try await pgbench.best(
            "pgbench, projection row by key",
            script: PackageResources.pgbench_read_sql
        )
        try await connectUsers()
        return [
            baseline, try await readFromStore(),
            try await readOverHTTP("HTTP, GET …/tokens (recorded)", path: "/tokens"),
            try await readOverHTTP("HTTP, GET …/users/{id}", path: ""),
        ]
    }

    private func readFromStore() async throws -> Measurement {
        try await load.measure("store, user with both tokens opened") { _ in
        } step: { _ in
            let name = Secret(Self.anyUser)
            guard let user = try await ledger.store.user(name, of: app),
                try ledger.store.value(.accessToken, of: user) != nil,
                try ledger.store.value(.publicToken, of: user) != nil
            else { throw CommandError("A user of the benchmark was not found.") }
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
        Terminal.message("Making \(usersMax) connected users …")
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<usersMax {
                group.addTask { try await connect("reader-\(number)") }
            }
        }
    }

    private func connect(_ name: String) async throws {
        let store = ledger.store
        let user = try await launched(store.newUser(Secret(name), of: app))
        let values = (
            human: Secret("human-" + name),
            access: Secret(name + String(repeating: "=", count: 240)),
            public: Secret("public-" + name)
        )
        func fingerprint(_ kind: FingerprintKind, _ value: Secret) -> Fingerprint {
            store.vault.fingerprint(kind, of: value, app: app.id)
        }
        let finish = LedgerEvent.Finish(
            finalize: store.clock.identifier(),
            launch: store.clock.identifier(),
            session: fingerprint(.session, values.human),
            human: fingerprint(.human, values.human)
        )
        let events = user.state.finalize(
            finish,
            mode: .create,
            answer: AnswerFingerprints(
                human: fingerprint(.human, values.human),
                accessToken: fingerprint(.accessToken, values.access),
                publicToken: fingerprint(.publicToken, values.public),
                mismatch: nil
            )
        )
        var change = Change(context: RecordContext(actor: "bench"))
        for event in events { change.append(event) }
        change.keep(values.human, .humanID, version: 1)
        change.keep(values.access, .accessToken, version: 1)
        change.keep(values.public, .publicToken, version: 1)
        guard case .written = try await store.write(change, to: user) else {
            throw CommandError("A user of the benchmark was not written.")
        }
    }
}
