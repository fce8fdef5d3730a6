import LedgerStore
import Postgres
import TestSupport
import Testing

/// What they find about a full disk is told in docs/operator.md#a-full-disk.
///
/// One after another, for each loads the machine as much as it can.
@Suite("The disk of PostgreSQL", .serialized, .timeLimit(.minutes(5)))
struct DiskTests {
    @Test("without room appends are refused, reads go on, and with room again all works by itself")
    func full() async throws {
        try await DiskImage.run(megabytes: 192) { image in
            try await withStore("\(image.folder)/cluster") { _, test in
                _ = try await test.launchedUser("alice")
                // The rows want room before the write-ahead log does, which begins a segment.
                try await owner(test, "select pg_switch_wal()")
                let answers = try await LaunchLoad.run(on: test) { load in
                    try await load.more(100)
                    try image.fill()
                    try await load.failure()
                    // One launch may still find room in a page where many did not.
                    while await Readiness(store: test.store).conditions().map(\.0) != [.diskFull] {
                        await Task.yield()
                    }
                    for _ in 0..<20 { _ = try await test.user("alice") }
                    try image.free()
                    try await load.more(100)
                }
                #expect(answers.errors == [.unavailable])
                #expect(await Readiness(store: test.store).conditions().map(\.0) == [])
                try await answers.check(in: test)
            }
        }
    }

    @Test(
        "without room for its write-ahead log PostgreSQL ends; started with room it has everything"
    )
    func logFull() async throws {
        try await DiskImage.run(megabytes: 64) { image in
            try await withStore(nil) { cluster, test in
                try await cluster.moveLog(to: "\(image.folder)/wal")
                let answers = try await LaunchLoad.run(on: test) { load in
                    try await load.more(100)
                    try image.fill()
                    try await owner(test, Self.useUpSegment)
                    while await cluster.processes() != [] {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    await #expect(throws: StoreError.unavailable) { try await test.user("alice") }
                    try await cluster.stop()
                    try image.free()
                    try await cluster.start()
                    try await load.more(100)
                }
                #expect(answers.errors.contains(.unavailable))
                try await answers.check(in: test)
            }
        }
    }

    @Test("after its power was cut, again and again, what was acknowledged is there")
    func powerCut() async throws {
        try await DiskImage.run { image in
            try await withStore("\(image.folder)/cluster") { cluster, test in
                let answers = try await LaunchLoad.run(on: test) { load in
                    for _ in 0..<5 {
                        try await load.more(100)
                        try await image.cutPower(of: cluster)
                        try await cluster.start()
                    }
                    try await load.more(100)
                }
                #expect(answers.errors.contains(.unavailable), "the load has felt it")
                try await answers.check(in: test)
            }
        }
    }

    /// Leaves some 100 KB of the segment that is written to.
    private static let useUpSegment = """
        select pg_logical_emit_message(false, '', repeat('x', greatest(1,
            (16 * 1024 - 100) * 1024 - (pg_current_wal_insert_lsn() - '0/0') % (16 << 20))::int))
        """

    private func owner(_ test: TestStore, _ sql: String) async throws {
        let connection = try await test.ownerConnection()
        try await connection.script(sql)
        await connection.close()
    }

    private func withStore(
        _ folder: String?,
        _ body: (TestCluster, TestStore) async throws -> Void
    ) async throws {
        try await TestCluster.run(folder: folder, durable: true) { cluster in
            try await TestStore.run(on: cluster) { test in try await body(cluster, test) }
        }
    }
}
