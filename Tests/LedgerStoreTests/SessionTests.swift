import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("What a session is told", .timeLimit(.minutes(5)))
struct SessionTests {
    @Test("no setting of a role or a database changes what is written and read")
    func hostile() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            let database = try #require(
                test.owner.url.split(separator: "?").first?.split(separator: "/").last
            )
            for setting in [
                "search_path = public, ledger, pg_catalog", "client_min_messages = error",
                "standard_conforming_strings = off", "backslash_quote = on",
                "transform_null_equals = on", "array_nulls = off", "bytea_output = escape",
                "\"DateStyle\" = 'SQL, DMY'", "\"TimeZone\" = 'Pacific/Apia'",
                "extra_float_digits = -15", "default_transaction_isolation = serializable",
                "default_transaction_read_only = on", "default_transaction_deferrable = on",
                "row_security = off", "exit_on_error = on", "jit = on", "jit_above_cost = 0",
                "plan_cache_mode = force_generic_plan", "quote_all_identifiers = on",
                "client_encoding = latin1", "statement_timeout = 200", "lock_timeout = 1",
                "idle_session_timeout = 200", "plpgsql.extra_errors = 'all'",
                "plpgsql.extra_warnings = 'all'", "plpgsql.variable_conflict = use_variable",
                "enable_indexscan = off", "enable_indexonlyscan = off", "enable_nestloop = off",
                "enable_sort = off", "enable_material = off", "force_parallel_mode = on",
                "geqo_threshold = 2", "from_collapse_limit = 1", "work_mem = '64kB'",
            ] {
                try await owner.script("alter database \(database) set \(setting)")
            }
            // Functions and operators that would be taken in the place of the server's own.
            try await owner.script(
                """
                grant usage on schema public to public;
                create function public.count(bigint) returns bigint language sql as 'select 0::bigint';
                create function public.bad(a bigint, b bigint) returns boolean language sql
                    as 'select false';
                create operator public.= (leftarg = bigint, rightarg = bigint, function = public.bad)
                """
            )
            try await test.another { store in
                guard case .written = try await test.launchNew("Zoë", with: store) else {
                    Issue.record("it is written")
                    return
                }
                let user = try #require(try await store.user(Secret("Zoë"), of: test.app))
                let change = test.connection(
                    of: user,
                    human: "human",
                    accessToken: "access",
                    publicToken: "public"
                )
                guard case .written = try await store.write(change, to: user) else {
                    Issue.record("it is written")
                    return
                }
                let connected = try #require(try await store.user(Secret("Zoë"), of: test.app))
                #expect(connected.state.status == .connected)
                #expect(try store.value(.publicToken, of: connected) == Secret("public"))
                #expect(try store.value(.clientUserID, of: connected) == Secret("Zoë"))
                #expect(try await store.page(log: .facts, from: 0).count == 7)
            }
            let report = try await Verification.run(test.owner)
            #expect(report.findings == [])
        }
    }

    @Test("what does not keep its commits is not written to")
    func asynchronousCommit() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            let database = try #require(
                test.owner.url.split(separator: "?").first?.split(separator: "/").last
            )
            try await owner.script("alter database \(database) set synchronous_commit = off")
            try await test.another { store in
                let error = await #expect(throws: StoreError.self) {
                    try await test.launchNew("alice", with: store)
                }
                #expect(error == .unavailable)
                let connection = try await test.serviceConnection()
                let settling = await #expect(throws: PostgresError.self) {
                    try await connection.script(test.lockingTheLog)
                }
                #expect(settling?.sqlState?.rawValue == "LG008")
                try await connection.script("set synchronous_commit = local")
                try await connection.script(test.lockingTheLog)
                try await connection.script("set client_min_messages = error")
                let deaf = await #expect(throws: PostgresError.self) {
                    try await connection.script(test.lockingTheLog)
                }
                #expect(deaf?.sqlState?.rawValue == "LG008")
            }
            #expect(try await test.log().count == 1)
        }
    }

    @Test("behind PgBouncer in session mode the store works as without")
    func sessionPooler() async throws {
        let cluster = try await TestPostgres.cluster()
        try await TestStore.run { test in
            // What is set for the role counts behind a pooler too.
            let owner = try await test.ownerConnection()
            try await owner.script(
                "alter role \(TestStore.serviceRole) in database \(database(of: test)) set work_mem = '5MB'"
            )
            try await TestPooler.run(.session, inFrontOf: cluster, users: [TestStore.serviceRole]) {
                pooler in
                let service = pooled(test, pooler)
                let connection = try await PostgresConnection.connect(service)
                let memory = try await connection.rows(
                    Statement("work_memory", "select current_setting('work_mem')")
                ) { result, row throws(PostgresError) in try result.text(row, 0) }
                #expect(memory == ["5MB"])
                await connection.close()
                // What the string sets at the start, PgBouncer refuses.
                var restless = service
                restless.url += "&options=-c%20work_mem%3D6MB"
                #expect(await ConnectionFailure.diagnose(restless) == .refusedByPooler)
                try await test.another(service: service) { store in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<50 {
                            group.addTask {
                                _ = try await test.launchNew("user \(number)", with: store)
                            }
                        }
                        try await group.waitForAll()
                    }
                    #expect(try await store.page(log: .facts, from: 0).count == 51)
                    let readiness = Readiness(store: store, acceptsUnsafeServer: true)
                    #expect(await readiness.conditions().allSatisfy { $0.1 == .warning })
                }
            }
            let report = try await Verification.run(test.owner)
            #expect(report.findings == [])
        }
    }

    @Test(
        "behind a pooler that lends sessions by the transaction or the statement it does not open",
        arguments: [TestPooler.Mode.transaction, .statement],
        [[:], ["server_round_robin": "1"], ["default_pool_size": "1"]]
    )
    func sharedSessions(_ mode: TestPooler.Mode, settings: [String: String]) async throws {
        let cluster = try await TestPostgres.cluster()
        try await TestStore.run { test in
            try await TestPooler.run(
                mode,
                inFrontOf: cluster,
                users: [TestStore.serviceRole],
                settings: settings
            ) { pooler in
                for _ in 0..<5 { try await expectRefusal(test, pooler) }
            }
        }
    }

    @Test("nor when others keep the pooler's sessions busy meanwhile")
    func busyPooler() async throws {
        let cluster = try await TestPostgres.cluster()
        try await TestStore.run { test in
            try await TestPooler.run(
                .transaction,
                inFrontOf: cluster,
                users: [TestStore.serviceRole],
                settings: ["default_pool_size": "4"]
            ) { pooler in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        let other = try await PostgresConnection.connect(pooled(test, pooler))
                        group.addTask {
                            while !Task.isCancelled {
                                try? await other.script("select pg_sleep(random() * 0.003)")
                            }
                            await other.close()
                        }
                    }
                    for _ in 0..<20 { try await expectRefusal(test, pooler) }
                    group.cancelAll()
                }
            }
        }
    }

    @Test("a pooler that begins to share sessions is told by readiness, and no outcome is refused")
    func changedPooler() async throws {
        let cluster = try await TestPostgres.cluster()
        try await TestStore.run { test in
            try await TestPooler.run(.session, inFrontOf: cluster, users: [TestStore.serviceRole]) {
                pooler in
                try await test.another(service: pooled(test, pooler)) { store in
                    let readiness = Readiness(store: store, acceptsUnsafeServer: true)
                    #expect(await readiness.conditions().allSatisfy { $0.1 == .warning })
                    try pooler.change(to: .transaction)
                    var told: [ReadinessCondition] = []
                    while !told.contains(.sessionsShared) {
                        // Whoever comes meanwhile may be served, or shall come again.
                        await withDiscardingTaskGroup { group in
                            for _ in 0..<8 { group.addTask { await expectPassing(test, store) } }
                        }
                        told = await readiness.conditions().map(\.0)
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    try pooler.change(to: .session)
                    while told.contains(.sessionsShared) {
                        told = await readiness.conditions().map(\.0)
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
        }
    }

    private func expectPassing(_ test: TestStore, _ store: LedgerStore) async {
        do {
            _ = try await test.launchNew("\(UInt64.random(in: 0 ... .max))", with: store)
        } catch {
            #expect((error as? StoreError)?.isPassing == true, "\(error)")
        }
    }

    private func expectRefusal(_ test: TestStore, _ pooler: TestPooler) async throws {
        let error = await #expect(throws: StoreOpeningError.self) {
            try await test.another(service: pooled(test, pooler)) { _ in }
        }
        guard case .sharedSessions = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(StoreOpeningError.sharedSessions)".contains("PgBouncer"))
    }

    private func database(of test: TestStore) -> String {
        test.service.url.split(separator: "?").first?.split(separator: "/").last.map(String.init)
            ?? ""
    }

    private func pooled(_ test: TestStore, _ pooler: TestPooler) -> PostgresConfiguration {
        var service = test.service
        service.url = pooler.url(database: database(of: test), user: TestStore.serviceRole)
        // The pooler shares the machine with all other tests.
        service.connectTimeMax = .seconds(60)
        return service
    }
}
