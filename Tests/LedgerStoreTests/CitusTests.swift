import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing
import Vault

/// The ledger on a real Citus cluster.
@Suite(
    "A Citus cluster",
    .enabled(if: CitusCluster.isAsked, "make test-citus"),
    .serialized,
    .timeLimit(.minutes(15))
)
struct CitusTests {
    @Test(
        "all that a service asks is answered, and what was written is found well",
        arguments: [1, 3]
    )
    func works(pairs: Int) async throws {
        try await CitusCluster.run { cluster in
            try await distribute(cluster, pairs: pairs)
            try await TestStore.run(on: cluster.coordinator, pairs: pairs) { test in
                let work = PartitionedWork(test: test)
                // More often than PostgreSQL waits before it keeps a plan for all parameters.
                for round in 0..<7 { try await work.run(round) }
                try await work.runOnce()
                try await lookAt(test)
                try await move(cluster)
                try await work.run(7)
                try await lookAt(test)
            }
        }
    }

    @Test("what a migration adds later is distributed at once")
    func later() async throws {
        try await CitusCluster.run { cluster in
            let owner = try await cluster.owner()
            // The first that has all tables which have rows of a log from its beginning.
            let old: Int32 = 40
            _ = try await Migrator.migrate(owner, upTo: old)
            try await Migrator.makeLogs(Logs(pairs: 8), on: owner)
            try await Migrator.distribute(owner)
            #expect(try await Migrator.migrate(owner).first == old + 1)
            #expect(try await nodes(cluster).map(\.factLogs) == [0, 4, 4])
            let connection = try await PostgresConnection.connect(owner)
            let plain = try await connection.rows(
                Statement(
                    "plain_tables",
                    """
                    select c.oid::regclass::text from pg_class c
                    where c.relnamespace::regnamespace::text in ('ledger', 'vault')
                        and c.relkind = 'r' and not relation_is_a_known_shard(c.oid)
                        and not exists (select from pg_dist_partition where logicalrelid = c.oid)
                    order by 1
                    """
                )
            ) { result, row throws(PostgresError) in try result.text(row, 0) }
            #expect(plain == CitusTables.onTheCoordinator.sorted())
            await connection.close()
            try await expectSame(cluster)
            for pairs in [2, 16] {
                await #expect(throws: StoreOpeningError.self, "none is added any more") {
                    try await Migrator.makeLogs(Logs(pairs: pairs), on: owner)
                }
            }
        }
    }

    @Test("a worker that comes later lets everybody do what nobody may, until the next migrate")
    func another() async throws {
        try await CitusCluster.run { cluster in
            try await distribute(cluster, pairs: 2)
            try await cluster.withAnotherWorker { cluster in
                let differing = try await nodes(cluster).map { !$0.differing.isEmpty }
                #expect(differing == [false, false, false, true])
                _ = try await Migrator.migrate(cluster.owner())
                try await expectSame(cluster)
            }
        }
    }

    @Test("where it cannot be distributed, a sentence says why")
    func refused() async throws {
        let plain = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        _ = try await Migrator.migrate(plain)
        await #expect(throws: StoreOpeningError.self) { try await Migrator.distribute(plain) }
        try await CitusCluster.run { cluster in
            try await TestStore.run(on: cluster.coordinator) { test in
                let error = await #expect(throws: StoreOpeningError.self) {
                    try await Migrator.distribute(test.owner)
                }
                #expect(error.map { "\($0)" }?.contains("holds events") == true)
            }
            for worker in cluster.workers {
                let folder = try await worker.socketFolder()
                try await cluster.script("select citus_remove_node('\(folder)', 5432)")
            }
            let error = await #expect(throws: StoreOpeningError.self) {
                try await Migrator.distribute(cluster.owner())
            }
            #expect(error.map { "\($0)" }?.contains("knows no worker") == true)
        }
    }

    @Test(
        "a node that is not as the coordinator is is named, with what differs",
        arguments: [
            "create or replace function ledger.log_of(id uuid) returns integer language sql "
                + "as 'select 0'",
            "grant execute on function ledger.log_of to public",
            "do $$ begin execute (select format('alter table %s disable trigger %I', "
                + "tgrelid::regclass, tgname) from pg_trigger where tgname like "
                + "'event_is_immutable_%' limit 1); end $$",
            "do $$ begin execute (select format('drop trigger %I on %s', tgname, "
                + "tgrelid::regclass) from pg_trigger where tgname like 'event_is_immutable_%' "
                + "limit 1); end $$",
            // A server that was restored to another moment than the others.
            "do $$ begin execute (select format('delete from ledger.migration_%s where number > 40', "
                + "shardid) from pg_dist_shard where logicalrelid = 'ledger.migration'::regclass); "
                + "end $$",
        ]
    )
    func differs(script: String) async throws {
        try await CitusCluster.run { cluster in
            try await distribute(cluster, pairs: 2)
            let worker = try await PostgresConnection.connect(
                cluster.owner(worker: 1).withoutTimeLimits
            )
            // As somebody would who means only this server.
            try await worker.script(
                """
                set citus.enable_ddl_propagation = off; set citus.enable_manual_changes_to_shards = on;
                set citus.enable_unsafe_triggers = on; set citus.override_table_visibility = off;
                set citus.enable_metadata_sync = off; \(script)
                """
            )
            await worker.close()
            let nodes = try await nodes(cluster)
            #expect(
                nodes.filter { !$0.differing.isEmpty }.map(\.name) == [
                    "\(try await cluster.workers[1].socketFolder()):5432"
                ]
            )
        }
    }

    private func distribute(_ cluster: CitusCluster, pairs: Int) async throws {
        let owner = try await cluster.owner()
        _ = try await TestStore.migrate(owner)
        try await Migrator.makeLogs(Logs(pairs: pairs), on: owner)
        // Repeatable.
        for _ in 0..<2 { try await Migrator.distribute(owner) }
        try await expectSame(cluster)
    }

    private func nodes(_ cluster: CitusCluster) async throws -> [CitusNodes.Node] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let pool = PostgresPool(configuration: try await cluster.owner(), logger: logger)
        defer { pool.close() }
        let found = try await CitusNodes.read(pool)
        return try #require(found).nodes
    }

    private func expectSame(_ cluster: CitusCluster) async throws {
        let nodes = try await nodes(cluster)
        #expect(nodes.count == 1 + cluster.workers.count)
        for node in nodes {
            #expect(node.failure == nil)
            #expect(node.differing == [])
        }
    }

    /// Verifies all of it, and makes the projection anew.
    private func lookAt(_ test: TestStore) async throws {
        let rootKeys = RootKeys(test.rootKey)
        var plan = VerificationPlan()
        plan.rootKeys = rootKeys
        let report = try await Verification.run(test.owner, plan: plan)
        // The work claims what nobody has reserved, as no service does.
        #expect(report.findings.filter { $0.kind != .reservationMissing } == [])
        let rebuilt = try await ProjectionRebuild.run(test.owner, rootKeys: rootKeys)
        #expect(rebuilt.differences == 0)
        #expect(rebuilt.users > 0)
    }

    /// Moves the first log of facts to the other worker.
    private func move(_ cluster: CitusCluster) async throws {
        try await cluster.script(
            """
            select citus_move_shard_placement(s.shardid, n.nodename, n.nodeport, o.nodename, o.nodeport,
                'force_logical')
            from (select get_shard_id_for_distribution_column('ledger.log', 0) as shardid) s
            join pg_dist_placement p on p.shardid = s.shardid
            join pg_dist_node n on n.groupid = p.groupid
            join pg_dist_node o on o.groupid not in (0, n.groupid)
            """
        )
    }
}
