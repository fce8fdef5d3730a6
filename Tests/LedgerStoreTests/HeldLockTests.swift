import Ledger
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing

@Suite("Locks that somebody with the service's password holds", .timeLimit(.minutes(5)))
struct HeldLockTests {
    /// How the log's lock is kept.
    enum Hold: CaseIterable, Sendable {
        /// A transaction stays open.
        case idle
        /// It waits for a lock itself, which an accomplice holds.
        case waiting
        /// One statement goes on and on.
        case working
        /// The transaction is prepared, and its session gone.
        case prepared
    }

    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("appends go on within a bounded time, however the lock is kept", arguments: Hold.allCases)
    func held(_ hold: Hold) async throws {
        try await TestCluster.run(settings: ["max_prepared_transactions": "5"]) { cluster in
            try await TestStore.run(on: cluster) { test in
                let limitless = test.service.withoutTimeLimits
                let accomplice = try await PostgresConnection.connect(limitless)
                try await accomplice.script("select pg_advisory_lock(1)")
                let thief = try await PostgresConnection.connect(limitless)
                let process = try await Self.process(thief)
                let begin = ContinuousClock.now
                try await thief.script("begin; \(test.lockingTheLog)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    switch hold {
                    case .idle: break
                    case .waiting:
                        group.addTask { try? await thief.script("select pg_advisory_lock(1)") }
                    case .working: group.addTask { try? await thief.script("select pg_sleep(99)") }
                    case .prepared: try await thief.script("prepare transaction 'kept'")
                    }
                    #expect(await Self.launch(test, begin, for: .seconds(5)) == false)
                    #expect(await Self.launch(test, begin, for: .seconds(25)))
                    if hold != .prepared { #expect(try await !Self.isThere(process, test)) }
                    // A test that failed ends all the same.
                    let owner = try await test.ownerConnection()
                    try await owner.script("select pg_terminate_backend(\(process))")
                    try await group.waitForAll()
                }
                #expect(begin.duration(to: .now) > .seconds(8), "it is not ended at once")
            }
        }
    }

    @Test("who is merely slow goes on, and appends wait for it")
    func slow() async throws {
        try await TestCluster.run { cluster in
            try await TestStore.run(on: cluster) { test in
                let slow = try await PostgresConnection.connect(test.service.withoutTimeLimits)
                let begin = ContinuousClock.now
                try await slow.script("begin; \(test.lockingTheLog)")
                // Each of them waits in vain, and looks who holds the lock.
                #expect(await Self.launch(test, begin, for: .seconds(5)) == false)
                try await slow.script("commit")
                #expect(await Self.launch(test, begin, for: .seconds(10)))
            }
        }
    }

    @Test("only who holds a lock is ended, and only a session of the service's own role")
    func others() async throws {
        try await TestCluster.run { cluster in
            try await TestStore.run(on: cluster) { test in
                let limitless = test.service.withoutTimeLimits
                let thief = try await PostgresConnection.connect(limitless)
                let queued = try await PostgresConnection.connect(limitless)
                let reader = try await PostgresConnection.connect(limitless)
                let owner = try await test.ownerConnection()
                let processes = [
                    try await Self.process(thief), try await Self.process(queued),
                    try await Self.process(reader), try await Self.process(owner),
                ]
                try await thief.script("begin; \(test.lockingTheLog)")
                try await reader.script("begin; select count(*) from ledger.log")
                try await owner.script("begin; select from ledger.log where log_id = 1 for update")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // Whoever stands in the queue to be the next one to hold it.
                    group.addTask { try? await queued.script("begin; \(test.lockingTheLog)") }
                    let locks = HeldLocks(pool: test.pool, logger: quiet)
                    await locks.end()
                    for process in processes { #expect(try await Self.isThere(process, test)) }
                    try await Task.sleep(for: .seconds(11))
                    // Nor does one end others' sessions that could.
                    let administrator = try await test.ownerConnection()
                    try await administrator.script("create role another superuser login")
                    let another = PostgresPool(
                        configuration: PostgresConfiguration(
                            url: try await cluster.url(user: "another")
                        ),
                        logger: quiet
                    )
                    #expect(try await Self.process(of: another) > 0)
                    await HeldLocks(pool: another, logger: quiet).end()
                    another.close()
                    for process in processes { #expect(try await Self.isThere(process, test)) }
                    await locks.end()
                    var there: [Bool] = []
                    for process in processes {
                        there.append(try await Self.isThere(process, test))
                    }
                    #expect(there == [false, false, true, true])
                    for process in processes.prefix(3) {
                        try await owner.script("select pg_terminate_backend(\(process))")
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a commit that waits for its standby is no stolen lock")
    func standby() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestStore.run(on: cluster) { test in
                try await cluster.withStandby { standby in
                    let honest = try await PostgresConnection.connect(
                        test.service.withoutTimeLimits
                    )
                    let process = try await Self.process(honest)
                    try await standby.stop()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try? await honest.script(test.lockingTheLog) }
                        try await Task.sleep(for: .seconds(11))
                        await HeldLocks(pool: test.pool, logger: quiet).end()
                        #expect(try await Self.isThere(process, test))
                        let owner = try await test.ownerConnection()
                        try await owner.script("select pg_terminate_backend(\(process))")
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    /// Launches somebody, again and again until so long after the beginning.
    private static func launch(
        _ test: TestStore,
        _ begin: ContinuousClock.Instant,
        for time: Duration
    ) async -> Bool {
        while begin.duration(to: .now) < time {
            if (try? await test.launchNew("\(ContinuousClock.now)")) != nil { return true }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    private static func process(_ connection: PostgresConnection) async throws -> Int32 {
        try await connection.query(Statement("own_process", "select pg_backend_pid()")) {
            result throws(PostgresError) in try result.int4(0, 0)
        }
    }

    private static func process(of pool: PostgresPool) async throws -> Int32 {
        try await pool.query(Statement("pool_process", "select pg_backend_pid()")) {
            result throws(PostgresError) in try result.int4(0, 0)
        }
    }

    private static func isThere(_ process: Int32, _ test: TestStore) async throws -> Bool {
        try await test.count(
            Statement(
                "is_there",
                "select count(*) from pg_stat_activity where pid = $1",
                .int4(process)
            )
        ) > 0
    }
}
