import Postgres
import TestSupport
import Testing

@Suite("The configuration", .timeLimit(.minutes(5)))
struct ConfigurationTests {
    @Test("it has no textual form, for its connection string may hold a password")
    func noTextualForm() {
        let configuration = PostgresConfiguration(url: "postgresql://user:MARKER@host/db")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("MARKER"))
        }
    }

    @Test("the time limits reach the server")
    func limits() async throws {
        let configuration = PostgresConfiguration(url: try await TestPostgres.url())
        let settings = try await settings(configuration)
        #expect(settings == ["2s", "1s", "5s", "token-ledger", "UTF8"])
    }

    @Test("what the connection string sets wins, and leaves the other limits")
    func stringWins() async throws {
        let url = try await TestPostgres.url()
        let configuration = PostgresConfiguration(
            url: url + "&options=-c%20lock_timeout%3D7s&application_name=mine"
        )
        let settings = try await settings(configuration)
        #expect(settings == ["2s", "7s", "5s", "mine", "UTF8"])
    }

    @Test("the time limits can be lifted")
    func lifted() async throws {
        let configuration = PostgresConfiguration(url: try await TestPostgres.url())
        let settings = try await settings(configuration.withoutTimeLimits)
        #expect(settings == ["0", "0", "0", "token-ledger", "UTF8"])
    }

    @Test("statements are never compiled, however dear the server believes them to be")
    func jit() async throws {
        let configuration = PostgresConfiguration(url: try await TestPostgres.url())
        let connection = try await PostgresConnection.connect(configuration)
        let statement = Statement("jit", "SELECT current_setting('jit')")
        let setting = try await connection.query(statement) { result throws(PostgresError) in
            try result.text(0, 0)
        }
        #expect(setting == "off")
    }

    private func settings(_ configuration: PostgresConfiguration) async throws -> [String] {
        let connection = try await PostgresConnection.connect(configuration)
        let statement = Statement(
            "settings",
            """
            SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
                current_setting('idle_in_transaction_session_timeout'),
                current_setting('application_name'), current_setting('client_encoding')
            """
        )
        return try await connection.query(statement) { result throws(PostgresError) in
            var settings: [String] = []
            for column in 0..<result.columnCount { settings.append(try result.text(0, column)) }
            return settings
        }
    }
}
