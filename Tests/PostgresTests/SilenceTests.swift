import Postgres
import TestSupport
import Testing

@Suite("A server that goes silent", .timeLimit(.minutes(5)))
struct SilenceTests {
    private static let one = Statement("one", "SELECT 1")

    /// Short limits by way of a proxy, so that silence is noticed soon.
    private func configuration(_ proxy: LossyProxy) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(
            url: proxy.url(database: "postgres", user: "postgres")
        )
        configuration.statementTimeMax = .seconds(1)
        configuration.answerTimeMax = .seconds(1)
        configuration.waitMax = .seconds(60)
        return configuration
    }

    @Test(
        "a statement that is not answered in time has an unknown outcome, and its connection goes"
    )
    func silent() async throws {
        try await LossyProxy.run { proxy in
            let connection = try await PostgresConnection.connect(configuration(proxy))
            try await connection.query(Self.one) { _ in }
            proxy.setTraffic(.stands)
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query(Self.one) { _ in }
            }
            #expect(error?.code == .outcomeUnknown)
            #expect(error?.session == (await connection.session))
            proxy.setTraffic(.flows)
            let next = await #expect(throws: PostgresError.self) {
                try await connection.query(Self.one) { _ in }
            }
            #expect(next?.code == .connectionFailed)
        }
    }

    @Test("a statement too large to leave at once is given up too, and so is preparing one")
    func silentWhileSending() async throws {
        try await LossyProxy.run { proxy in
            let large = Statement(
                "large",
                "SELECT length($1)",
                .text(String(repeating: "x", count: 2 << 20))
            )
            var configuration = configuration(proxy)
            // The server itself is slow with so much.
            configuration.answerTimeMax = .seconds(3)
            let connection = try await PostgresConnection.connect(configuration)
            let length = try await connection.query(large) { result throws(PostgresError) in
                try result.int4(0, 0)
            }
            #expect(length == 2 << 20)
            proxy.setTraffic(.stands)
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query(large) { _ in }
            }
            #expect(error?.code == .outcomeUnknown)
            proxy.setTraffic(.flows)
            let other = try await PostgresConnection.connect(configuration)
            proxy.setTraffic(.stands)
            let unprepared = await #expect(throws: PostgresError.self) {
                try await other.query(Self.one) { _ in }
            }
            #expect(unprepared?.code == .connectionFailed)
        }
    }

    @Test("connecting to a silent server fails; of several hosts the next one is taken")
    func connecting() async throws {
        try await LossyProxy.run { silent in
            silent.setTraffic(.stands)
            var configuration = configuration(silent)
            // Two seconds: libpq knows none shorter.
            configuration.connectTimeMax = .zero
            let error = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect(configuration)
            }
            #expect(error?.code == .connectionFailed)
            try await LossyProxy.run { proxy in
                let folders = [silent, proxy].map { hostParameter($0) }
                configuration.url = "host=\(folders.joined(separator: ",")) port=5432 user=postgres"
                let connection = try await PostgresConnection.connect(configuration)
                try await connection.query(Self.one) { _ in }
            }
        }
    }

    @Test("the pool closes the idle connections that lead to a silent server")
    func pool() async throws {
        try await LossyProxy.run { proxy in
            let pool = PostgresPool(configuration: configuration(proxy), logger: .test)
            defer { pool.close() }
            let process = Statement("process", "SELECT pg_backend_pid()")
            let read: RowDecoder<Int32> = { result, row throws(PostgresError) in
                try result.int4(row, 0)
            }
            // Two connections, of which one will go silent in use and the other while idle.
            let used = try await pool.withConnection { connection throws(PostgresError) in
                let first = try await connection.query(process) { result throws(PostgresError) in
                    try result.int4(0, 0)
                }
                return try await [first] + pool.rows(process, read)
            }
            proxy.setTraffic(.stands)
            let error = await #expect(throws: PostgresError.self) {
                try await pool.query(process) { _ in }
            }
            #expect(error?.code == .outcomeUnknown)
            proxy.setTraffic(.flows)
            let next = try await pool.rows(process, read)
            #expect(Set(used).count == 2 && Set(used).isDisjoint(with: next))
        }
    }

    @Test("a server that only reads loses its connections, so that a writing one is looked for")
    func readOnly() async throws {
        let database = try await TestPostgres.freshDatabase()
        let pool = PostgresPool(
            configuration: PostgresConfiguration(url: database.url),
            logger: .test
        )
        defer { pool.close() }
        let write = Statement("write", "CREATE TABLE public.written ()")
        try await pool.withConnection { connection throws(PostgresError) in
            // Idle and read-only, as all connections are after a failover the other way.
            try await pool.withConnection { other throws(PostgresError) in
                try await other.script("SET default_transaction_read_only = on")
            }
            try await connection.script("SET default_transaction_read_only = on")
        }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.query(write) { _ in }
        }
        #expect(error?.code == .server(.readOnly))
        try await pool.query(write) { _ in }
    }

    private func hostParameter(_ proxy: LossyProxy) -> String {
        guard case .path(let path) = proxy.address else { return "" }
        return String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
    }
}
