import Foundation
import Postgres
import PostgresCluster
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

    @Test("for commands that read very much they are long, and none is lifted")
    func long() async throws {
        let configuration = PostgresConfiguration(url: try await TestPostgres.url())
        let settings = try await settings(configuration.withLongLimits)
        #expect(settings == ["1h", "10s", "1min", "token-ledger", "UTF8"])
    }

    /// What a role may set, each with what it is in our sessions.
    private static let hostile = [
        ("search_path", "public, pg_catalog", "pg_catalog, pg_temp"),
        ("client_min_messages", "error", "warning"),
        ("client_encoding", "latin1", "UTF8"),
        ("standard_conforming_strings", "off", "on"),
        ("backslash_quote", "on", "safe_encoding"),
        ("escape_string_warning", "off", "on"),
        ("transform_null_equals", "on", "off"),
        ("array_nulls", "off", "on"),
        ("quote_all_identifiers", "on", "off"),
        ("xmloption", "document", "content"),
        ("bytea_output", "escape", "hex"),
        ("DateStyle", "SQL, DMY", "ISO, YMD"),
        ("IntervalStyle", "iso_8601", "postgres"),
        ("TimeZone", "Pacific/Apia", "UTC"),
        ("extra_float_digits", "-15", "1"),
        ("default_transaction_isolation", "serializable", "read committed"),
        ("default_transaction_read_only", "on", "off"),
        ("default_transaction_deferrable", "on", "off"),
        ("row_security", "off", "on"),
        ("exit_on_error", "on", "off"),
        ("plan_cache_mode", "force_generic_plan", "auto"),
        ("jit", "on", "off"),
        ("debug_print_parse", "on", "off"),
        ("debug_print_rewritten", "on", "off"),
        ("debug_print_plan", "on", "off"),
        ("log_parameter_max_length_on_error", "-1", "0"),
        ("statement_timeout", "1h", "2s"),
        ("lock_timeout", "1h", "1s"),
        ("idle_in_transaction_session_timeout", "1h", "5s"),
        ("idle_session_timeout", "1h", "0"),
        ("plpgsql.extra_errors", "all", "none"),
        ("plpgsql.extra_warnings", "all", "none"),
    ]

    @Test("whatever a role or a database sets, our sessions have settings of their own")
    func hostileRole() async throws {
        let role = "hostile_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        let database = try await TestPostgres.freshDatabase()
        let owner = try await PostgresConnection.connect(
            PostgresConfiguration(url: database.url)
        )
        try await owner.script("create role \(role) login")
        for (index, (name, hostile, _)) in Self.hostile.enumerated() {
            let whose = index.isMultiple(of: 2) ? "role \(role)" : "database \(database.name)"
            try await owner.script("alter \(whose) set \(name) = \(quoted(name, hostile))")
        }
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(
                url: TestPostgres.url(database: database.name, user: role)
            )
        )
        for (name, _, ours) in Self.hostile {
            let statement = Statement("setting", "select current_setting($1)", .text(name))
            let setting = try await connection.query(statement) { result throws(PostgresError) in
                try result.text(0, 0)
            }
            #expect(setting == ours, "\(name)")
        }
        try await owner.script("drop role \(role)")
    }

    /// Lists of names are no texts.
    private func quoted(_ name: String, _ value: String) -> String {
        name == "search_path" ? value : "'\(value)'"
    }

    @Test("a standby among several hosts is passed over, unless the string says otherwise")
    func sessionAttributes() async throws {
        let database = try await TestPostgres.freshDatabase()
        let owner = try await PostgresConnection.connect(
            PostgresConfiguration(url: database.url)
        )
        try await owner.script(
            "alter database \(database.name) set default_transaction_read_only = on"
        )
        let folder = try await TestPostgres.cluster().socketFolder
        let text = "host=\(folder),\(folder) port=5432 user=postgres dbname=\(database.name)"
        let error = await #expect(throws: PostgresError.self) {
            try await PostgresConnection.connect(PostgresConfiguration(url: text))
        }
        #expect(error?.debugDescription.contains("read-only") == true)
        for url in [text + " target_session_attrs=any", database.url] {
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
            try await connection.script("create temp table written ()")
        }
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
