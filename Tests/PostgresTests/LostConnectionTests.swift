import Postgres
import TestSupport
import Testing

@Suite("Lost connections", .timeLimit(.minutes(5)))
struct LostConnectionTests {
    @Test("nothing listens: the connection failed, and no password shows")
    func nothingListens() async throws {
        let configuration = PostgresConfiguration(
            url: "postgresql://someone:MARKER@/none?host=/nowhere"
        )
        let error = try #require(
            await #expect(throws: PostgresError.self) {
                _ = try await PostgresConnection.connect(configuration)
            }
        )
        #expect(error.code == .connectionFailed)
        #expect(!error.debugDescription.contains("MARKER"))
    }

    @Test("a malformed connection string is not quoted")
    func malformed() async throws {
        let error = try #require(
            await #expect(throws: PostgresError.self) {
                _ = try await PostgresConnection.connect(
                    PostgresConfiguration(url: "postgresql://user:MARKER@[::1/x?y=z")
                )
            }
        )
        #expect(error.code == .connectionFailed)
        #expect(!error.debugDescription.contains("MARKER"))
    }

    @Test("a connection the server has closed before is a failed connection")
    func killedBefore() async throws {
        let configuration = PostgresConfiguration(url: try await TestPostgres.url())
        let connection = try await PostgresConnection.connect(configuration)
        try await terminate(try await processID(connection), configuration)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("one", "SELECT 1")) { _ in }
        }
        #expect(error?.code == .connectionFailed)
    }

    @Test("a backend that is told to end during a statement may have carried it out before")
    func terminatedDuring() async throws {
        var configuration = PostgresConfiguration(url: try await TestPostgres.url())
        configuration.statementTimeMax = nil
        let connection = try await PostgresConnection.connect(configuration)
        let process = try await processID(connection)
        let task = Task {
            try await connection.query(Statement("sleep", "SELECT pg_sleep(3600)")) { _ in }
        }
        try await waitUntilActive(process, configuration)
        try await terminate(process, configuration)
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.session?.process == process)
        let next = await #expect(throws: PostgresError.self) {
            try await connection.query(Statement("one", "SELECT 1")) { _ in }
        }
        #expect(next?.code == .connectionFailed)
    }

    @Test("a server that vanishes during a statement leaves the outcome unknown")
    func vanishedDuring() async throws {
        try await TestCluster.run { cluster in
            var configuration = PostgresConfiguration(url: try await cluster.url())
            configuration.statementTimeMax = nil
            let connection = try await PostgresConnection.connect(configuration)
            let process = try await processID(connection)
            let task = Task {
                try await connection.query(Statement("sleep", "SELECT pg_sleep(3600)")) { _ in }
            }
            try await waitUntilActive(process, configuration)
            await cluster.killBackend(process)
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.code == .outcomeUnknown)
            // The server recovers from the loss of one of its processes; let it finish.
            while (try? await PostgresConnection.connect(configuration)) == nil {
                await Task.yield()
            }
        }
    }

    private func processID(_ connection: PostgresConnection) async throws -> Int32 {
        try await connection.query(Statement("process", "SELECT pg_backend_pid()")) {
            result throws(PostgresError) in try result.int4(0, 0)
        }
    }

    private func terminate(_ process: Int32, _ configuration: PostgresConfiguration) async throws {
        let other = try await PostgresConnection.connect(configuration)
        // The time limit makes it wait until the process has ended.
        let ended = try await other.query(
            Statement("terminate", "SELECT pg_terminate_backend($1, 10000)", .int4(process))
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        #expect(ended)
    }

    private func waitUntilActive(
        _ process: Int32,
        _ configuration: PostgresConfiguration
    ) async throws {
        let other = try await PostgresConnection.connect(configuration)
        let statement = Statement(
            "activity",
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE pid = $1 AND state = 'active' AND wait_event = 'PgSleep'
            """,
            .int4(process)
        )
        while try await other.query(
            statement,
            decode: { result throws(PostgresError) in try result.int8(0, 0) }
        ) == 0 {
            await Task.yield()
        }
    }
}
