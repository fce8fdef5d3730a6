import Postgres
import TestSupport
import Testing

@Suite("Cancelling and time limits", .timeLimit(.minutes(5)))
struct CancellationTests {
    @Test("cancelling the task cancels the statement on the server and closes the connection")
    func cancel() async throws {
        let database = try await TestPostgres.freshDatabase()
        var configuration = PostgresConfiguration(url: database.url, applicationName: "cancelled")
        configuration.statementTimeMax = nil
        let connection = try await PostgresConnection.connect(configuration)
        let observer = try await PostgresConnection.connect(configuration)
        let task = Task {
            try await connection.query(Statement("sleep", "SELECT pg_sleep(3600)")) { _ in }
        }
        try await waitForSleepers(1, observer)
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await waitForSleepers(0, observer)
        let next = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("one", "SELECT 1")) { _ in }
        }
        #expect(next?.code == .connectionFailed)
    }

    @Test("a task that is cancelled before sends nothing, and the connection stays")
    func cancelledBefore() async throws {
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(url: TestPostgres.url())
        )
        let (gate, open) = AsyncStream<Never>.makeStream()
        let task = Task {
            for await _ in gate {}
            try await connection.query(Statement("one", "SELECT 1")) { _ in }
        }
        task.cancel()
        open.finish()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await connection.query(Statement("one", "SELECT 1")) { _ in }
    }

    @Test("a statement that takes too long has timed out, and the connection stays")
    func statementTime() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.url())
        // The other statement has to be done within it, beside hundreds of other tests.
        configuration.statementTimeMax = .seconds(1)
        let connection = try await PostgresConnection.connect(configuration)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("sleep", "SELECT pg_sleep(3600)")) { _ in }
        }
        #expect(error?.code == .timedOut)
        try await connection.query(Statement("one", "SELECT 1")) { _ in }
    }

    @Test("a lock that is not free in time has timed out")
    func lockTime() async throws {
        let url = try await TestPostgres.freshDatabase().url
        var configuration = PostgresConfiguration(url: url)
        configuration.lockTimeMax = .milliseconds(20)
        configuration.statementTimeMax = nil
        let holder = try await PostgresConnection.connect(configuration)
        try await holder.script("SELECT pg_advisory_lock(1)")
        let connection = try await PostgresConnection.connect(configuration)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("lock", "SELECT pg_advisory_lock(1)")) { _ in }
        }
        #expect(error?.code == .timedOut)
    }

    private func waitForSleepers(_ count: Int64, _ observer: PostgresConnection) async throws {
        let statement = Statement(
            "sleepers",
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'
                AND state = 'active'
            """
        )
        while try await observer.query(
            statement,
            decode: { result throws(PostgresError) in try result.int8(0, 0) }
        ) != count {
            await Task.yield()
        }
    }
}
