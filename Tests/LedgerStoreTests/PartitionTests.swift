import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

/// Statements on tables that are partitioned by `log_id`.
///
/// Where tables are distributed by it, as by Citus, a statement that does not name its log asks all places.
/// Partitions stand in for that: what PostgreSQL leaves of each plan once it knows the parameters must be
/// of one of them.
@Suite("Partitions", .timeLimit(.minutes(5)))
struct PartitionTests {
    @Test(
        "no statement of the running service touches more than the partition of its log",
        arguments: [1, 3]
    )
    func onePartition(pairs: Int) async throws {
        try await PartitionedLedger.run(pairs: pairs) { test, plans in
            _ = try plans.take()
            let work = PartitionedWork(test: test)
            // More often than PostgreSQL waits before it keeps a plan for all parameters.
            for round in 0..<7 { try await work.run(round) }
            try await work.runOnce()
            let seen = try plans.take()
            let wide = seen.filter { $0.partitions.count > 1 }
            #expect(Set(wide.map(\.query)) == [])
            // A test that saw nothing would find nothing.
            let tables = Set(seen.flatMap(\.tables))
            #expect(
                tables.isSuperset(of: [
                    "log", "event", "user_state", "value", "lookup", "burned", "data_key", "tile",
                    "checkpoint", "publisher", "problem", "problem_count", "problem_progress",
                ]),
                "\(tables.sorted())"
            )
            // The keeper of maps and what is about nobody are those of the first pair.
            let logs = test.store.logs.ofEvents + [.map]
            #expect(Set(seen.flatMap(\.partitions)).isSuperset(of: logs.map { Int($0.id) }))
        }
    }

    @Test("a statement that does not name its log, or hides it, is seen to touch all partitions")
    func control() async throws {
        try await PartitionedLedger.run { test, plans in
            _ = try await test.launchNew("alice")
            let owner = try await test.ownerConnection()
            for condition in ["event_id = gen_random_uuid()", "log_id + 0 = 0", "log_id = 0"] {
                _ = try plans.take()
                try await owner.script("select position from ledger.event where \(condition)")
                let seen = try plans.take().filter { $0.query.contains(condition) }
                let partitions = try #require(seen.first).partitions
                #expect(
                    partitions.count
                        == (condition == "log_id = 0" ? 1 : PartitionedLedger.logs.all.count),
                    "\(condition)"
                )
            }
            await owner.close()
        }
    }
}
