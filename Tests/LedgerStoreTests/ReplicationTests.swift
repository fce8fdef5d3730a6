import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("A synchronous standby", .timeLimit(.minutes(5)))
struct ReplicationTests {
    @Test(
        "an append whose wait for the standby was cut short is acknowledged once the standby has it"
    )
    func cancelledWait() async throws {
        try await TestCluster.run { primary in
            try await TestStore.run(on: primary) { test in
                _ = try await test.launchNew("before")
                try await primary.withStandby { standby in
                    try await waitForStandby(test)
                    try await standby.stop()
                    let owner = try await test.ownerConnection()
                    try await withThrowingTaskGroup(of: ChangeOutcome?.self) { group in
                        group.addTask { try await test.launchNew("alice") }
                        try await owner.script(
                            """
                            do $$ begin
                                while not exists (select \(Self.waiting)) loop
                                    perform pg_sleep(0.001), pg_stat_clear_snapshot();
                                end loop;
                                perform pg_cancel_backend(pid) \(Self.waiting);
                            end $$
                            """
                        )
                        // It is committed here and nowhere else, and waited for again.
                        try await owner.script(
                            """
                            do $$ begin
                                while not exists (
                                    select \(Self.waiting) and query like '%settle_events%'
                                ) loop
                                    perform pg_sleep(0.001), pg_stat_clear_snapshot();
                                end loop;
                            end $$
                            """
                        )
                        try await standby.start()
                        guard case .written(let user, let position) = try await group.next() ?? nil
                        else {
                            Issue.record("it was written")
                            return
                        }
                        let replica = try await PostgresConnection.connect(
                            PostgresConfiguration(url: await standby.url())
                        )
                        // The standby has it on its disk; whoever asks sees it a moment later.
                        let found = Statement(
                            "replicated",
                            "select 1 from ledger.event where position = $1 and subject = $2",
                            .int8(position),
                            .uuid(user.subject.value)
                        )
                        while try await replica.query(found, decode: { $0.rowCount }) == 0 {
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                }
            }
        }
    }

    @Test("after a failover the same store writes on the other host, and nothing is missing")
    func failover() async throws {
        try await TestCluster.run { primary in
            try await TestStore.run(on: primary) { test in
                try await primary.withStandby { standby in
                    try await waitForStandby(test)
                    let hosts = try await [primary.socketFolder(), standby.socketFolder()]
                    var service = PostgresConfiguration(
                        url: "host=\(hosts.joined(separator: ",")) port=5432 dbname=postgres "
                            + "user=\(TestStore.serviceRole)"
                    )
                    service.connectionsMax = 4
                    try await test.another(service: service) { store in
                        var positions: [Int64] = []
                        for number in 0..<10 {
                            positions.append(try await write("user \(number)", store, test))
                        }
                        try await primary.crash()
                        await #expect(throws: StoreError.self) {
                            try await write("nobody", store, test)
                        }
                        let replica = try await PostgresConnection.connect(
                            PostgresConfiguration(url: await standby.url())
                        )
                        try await replica.script("select pg_promote()")
                        try await replica.script("alter system reset synchronous_standby_names")
                        try await replica.script("select pg_reload_conf()")
                        while positions.count < 20 {
                            let name = "user \(positions.count)"
                            guard let position = try? await write(name, store, test) else {
                                continue
                            }
                            positions.append(position)
                        }
                        #expect(positions == Array(1...20))
                        #expect(store.appendHealth(of: .facts).lostFrom == nil)
                        let report = try await Verification.run(
                            PostgresConfiguration(url: await standby.url())
                        )
                        #expect(report.findings == [])
                        #expect(report.events >= 21)
                    }
                }
            }
        }
    }

    private static let waiting = "from pg_stat_activity where wait_event = 'SyncRep'"

    private func write(
        _ name: String,
        _ store: LedgerStore,
        _ test: TestStore
    ) async throws -> Int64 {
        guard case .written(_, let position) = try await test.launchNew(name, with: store) else {
            throw StoreError.conflict
        }
        return position
    }

    private func waitForStandby(_ test: TestStore) async throws {
        while try await test.count(
            Statement(
                "standbys",
                "select count(*) from pg_stat_replication where sync_state = 'sync'"
            )
        ) == 0 {
            await Task.yield()
        }
    }
}
