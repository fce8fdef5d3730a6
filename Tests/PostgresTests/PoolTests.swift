import Logging
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@Suite("The pool", .timeLimit(.minutes(5)))
struct PoolTests {
    private static let one = Statement("one", "SELECT 1")

    @Test("many tasks share few connections, and each gets its own answer")
    func shares() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        configuration.connectionsMax = 4
        // Other tests keep the machine busy; how long it takes is not what is tested.
        configuration.waitMax = .seconds(60)
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        try await withThrowingTaskGroup { group in
            for number in 0..<400 as Range<Int64> {
                group.addTask {
                    let statement = Statement("echo", "SELECT $1", .int8(number))
                    let answer = try await pool.query(statement) { result throws(PostgresError) in
                        try result.int8(0, 0)
                    }
                    #expect(answer == number)
                }
            }
            try await group.waitForAll()
        }
        let connections = try await pool.query(
            Statement(
                "connections",
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend'
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        #expect(connections <= 4)
    }

    @Test("statements that wait in the database hold no thread of Swift's pool")
    func blockedStatements() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        configuration.connectionsMax = 64
        configuration.lockTimeMax = nil
        configuration.statementTimeMax = .seconds(30)
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        let holder = try await PostgresConnection.connect(configuration)
        try await holder.script("SELECT pg_advisory_lock(7)")
        try await withThrowingTaskGroup { group in
            for _ in 0..<64 {
                group.addTask {
                    try await pool.query(
                        Statement("wait", "SELECT pg_advisory_lock_shared(7)")
                    ) { _ in }
                }
            }
            let waiting = Statement(
                "waiting",
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event = 'advisory'
                """
            )
            while try await holder.query(
                waiting,
                decode: { result throws(PostgresError) in try result.int8(0, 0) }
            ) < 64 {
                await Task.yield()
            }
            try await holder.script("SELECT pg_advisory_unlock(7)")
            try await group.waitForAll()
        }
    }

    @Test("one waiter too many, and one who waited too long, are refused as exhausted")
    func limits() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.url())
        configuration.connectionsMax = 1
        configuration.waitersMax = 1
        configuration.waitMax = .milliseconds(200)
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        // To connect may take longer than anybody waits here.
        while (try? await pool.query(Self.one) { _ in }) == nil { await Task.yield() }
        try await pool.withConnection { _ throws(PostgresError) in
            let codes = await withTaskGroup(of: PostgresError.Code?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do throws(PostgresError) {
                            try await pool.query(Self.one) { _ in }
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == [.poolExhausted, .poolExhausted])
        }
        try await pool.query(Self.one) { _ in }
    }

    @Test("a task that is cancelled while it waits leaves the queue")
    func cancelledWaiter() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.url())
        configuration.connectionsMax = 1
        configuration.waitMax = .seconds(3600)
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        try await pool.withConnection { _ throws(PostgresError) in
            let task = Task { try await pool.query(Self.one) { _ in } }
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
        try await pool.query(Self.one) { _ in }
    }

    @Test("a cancelled statement costs its connection, not the next task's statement")
    func cancelledStatement() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        configuration.connectionsMax = 1
        configuration.statementTimeMax = nil
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        for _ in 0..<20 {
            let (started, reportStarted) = AsyncStream<Never>.makeStream()
            await withTaskGroup { group in
                group.addTask {
                    reportStarted.finish()
                    try? await pool.query(Statement("nap", "SELECT pg_sleep(0.001)")) { _ in }
                }
                for await _ in started {}
                group.cancelAll()
            }
            try await pool.query(Self.one) { _ in }
        }
    }

    @Test("a connection returned inside a transaction is closed, and its work undone")
    func openTransaction() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        configuration.connectionsMax = 1
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        try await pool.withConnection { connection throws(PostgresError) in
            try await connection.script("BEGIN; CREATE TABLE public.forgotten ()")
        }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.query(Statement("forgotten", "SELECT FROM public.forgotten")) { _ in }
        }
        #expect(error?.code == .server(.undefinedTable))
    }

    @Test("the pool survives a restart and a crash of the server")
    func restart() async throws {
        try await TestCluster.run { cluster in
            let pool = PostgresPool(
                configuration: PostgresConfiguration(url: try await cluster.url()),
                logger: .test
            )
            defer { pool.close() }
            try await useAll(pool)
            try await cluster.stop()
            let away = await #expect(throws: PostgresError.self) {
                try await pool.query(Self.one) { _ in }
            }
            #expect(away?.code == .connectionFailed)
            try await cluster.start()
            try await useAll(pool)
            try await cluster.crash()
            try await cluster.start()
            try await useAll(pool)
        }
    }

    @Test("run() ends when it is cancelled, and closes the pool")
    func run() async throws {
        let pool = PostgresPool(
            configuration: PostgresConfiguration(url: try await TestPostgres.url()),
            logger: .test
        )
        let service: any Service = pool
        let task = Task { try await service.run() }
        try await pool.query(Self.one) { _ in }
        task.cancel()
        try await task.value
        let error = await #expect(throws: PostgresError.self) {
            try await pool.query(Self.one) { _ in }
        }
        #expect(error?.code == .connectionFailed)
    }

    /// Runs as many statements side by side as there can be connections.
    @Test("after a renewal nobody gets a connection of before, be it idle or in use")
    func renewal() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.url())
        configuration.connectionsMax = 2
        configuration.waitMax = .seconds(60)
        let pool = PostgresPool(configuration: configuration, logger: .test)
        defer { pool.close() }
        let before = try await sessions(of: pool) { pool.renew() }
        let after = try await sessions(of: pool) {}
        #expect(Set(before + after).count == 4)
    }

    /// Of two connections, one of which is in use while something is done.
    private func sessions(
        of pool: PostgresPool,
        while act: () -> Void
    ) async throws -> [ServerSession?] {
        try await pool.withConnection { first throws(PostgresError) in
            let second = try await pool.withConnection { second throws(PostgresError) in
                await second.session
            }
            act()
            return [await first.session, second]
        }
    }

    private func useAll(_ pool: PostgresPool) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    try await pool.query(Statement("nap", "SELECT pg_sleep(0.005)")) { _ in }
                }
            }
            try await group.waitForAll()
        }
    }
}
