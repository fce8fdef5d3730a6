import Postgres
import TestSupport
import Testing

@Suite("What the server refuses", .timeLimit(.minutes(5)))
struct ServerErrorTests {
    @Test("a refusal carries SQLSTATE, constraint and table, and none of the values")
    func uniqueViolation() async throws {
        let connection = try await connect()
        try await connection.script(
            """
            CREATE TEMP TABLE person (name text CONSTRAINT person_name_key UNIQUE);
            """
        )
        let statement = Statement(
            "insert_person",
            "INSERT INTO person VALUES ($1)",
            .text("MARKER-7f3a")
        )
        try await connection.query(statement) { _ in }
        let error = try #require(
            await #expect(throws: PostgresError.self) {
                try await connection.query(statement) { _ in }
            }
        )
        #expect(error.code == .server(.uniqueViolation))
        #expect(error.sqlState == .uniqueViolation)
        #expect(error.constraint == "person_name_key")
        #expect(error.table == "person")
        #expect(error.statementName == "insert_person")
        #expect(
            error.description
                == "PostgreSQL: SQLSTATE 23505 in insert_person, constraint person_name_key, "
                + "table person"
        )
        #expect(error.debugDescription.contains("duplicate key value"))
        for text in ["\(error)", error.debugDescription, String(reflecting: error)] {
            #expect(!text.contains("MARKER"))
        }
        var dumped = ""
        dump(error, to: &dumped)
        #expect(!dumped.contains("MARKER"))
    }

    @Test("a message that quotes a value stays out of the description")
    func primaryMessage() async throws {
        let connection = try await connect()
        let statement = Statement("cast", "SELECT $1::text::uuid", .text("MARKER-7f3a"))
        let error = try #require(
            await #expect(throws: PostgresError.self) {
                try await connection.query(statement) { _ in }
            }
        )
        #expect(error.code == .server(SQLState(rawValue: "22P02")))
        #expect(!"\(error)".contains("MARKER"))
        #expect(error.debugDescription.contains("MARKER"))
    }

    @Test("each kind of refusal has its SQLSTATE")
    func states() async throws {
        let cases: [(String, SQLState)] = [
            ("SELECT * FROM nowhere", .undefinedTable),
            ("SELECT nothing()", .undefinedFunction),
            ("BEGIN READ ONLY; CREATE TABLE public.t ()", .readOnly),
            ("SET ROLE pg_monitor; CREATE TABLE public.t ()", .insufficientPrivilege),
            (
                "DO $$ BEGIN RAISE 'own' USING ERRCODE = 'LG001'; END $$",
                SQLState(rawValue: "LG001")
            ),
        ]
        for (sql, state) in cases {
            let connection = try await connect()
            let error = await #expect(throws: PostgresError.self) {
                try await connection.script(sql)
            }
            #expect(error?.code == .server(state), "\(sql)")
        }
        #expect(SQLState(rawValue: "LG001").classCode == "LG")
    }

    @Test("a connection works on after a refusal")
    func goesOn() async throws {
        let connection = try await connect()
        await #expect(throws: PostgresError.self) { try await connection.script("nonsense") }
        let one = try await connection.query(Statement("one", "SELECT 1")) {
            result throws(PostgresError) in try result.int4(0, 0)
        }
        #expect(one == 1)
    }

    @Test("a constraint that fails at the commit is a refusal, although the statement succeeded")
    func deferredConstraint() async throws {
        let connection = try await connect()
        try await connection.script(
            """
            CREATE TEMP TABLE late (number int UNIQUE DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO late VALUES (1)
            """
        )
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query(
                Statement("insert_late", "INSERT INTO late VALUES (1)")
            ) { _ in }
        }
        #expect(error?.code == .server(.uniqueViolation))
    }

    @Test("a plan that no longer fits the schema costs one statement, not the pool")
    func changedSchema() async throws {
        let database = try await TestPostgres.freshDatabase()
        let pool = PostgresPool(
            configuration: PostgresConfiguration(url: database.url),
            logger: .test
        )
        defer { pool.close() }
        let statement = Statement("changing", "SELECT * FROM public.changing")
        try await pool.withConnection { connection throws(PostgresError) in
            try await connection.script("CREATE TABLE public.changing (one int)")
        }
        try await pool.query(statement) { _ in }
        try await pool.withConnection { connection throws(PostgresError) in
            try await connection.script("ALTER TABLE public.changing ADD two int")
        }
        let error = await #expect(throws: PostgresError.self) {
            try await pool.query(statement) { _ in }
        }
        #expect(error?.code == .server(.featureNotSupported))
        let columns = try await pool.query(statement) { $0.columnCount }
        #expect(columns == 2)
    }

    @Test("COPY, which this module does not speak, is refused instead of waited for")
    func copy() async throws {
        let connection = try await connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script("COPY (SELECT 1) TO STDOUT")
        }
        #expect(error?.code == .server(.featureNotSupported))
    }

    private func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(PostgresConfiguration(url: TestPostgres.url()))
    }
}
