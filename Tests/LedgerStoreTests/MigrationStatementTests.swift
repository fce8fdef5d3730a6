@testable import LedgerSchema
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Statements of migrations", .timeLimit(.minutes(5)))
struct MigrationStatementTests {
    @Test("one by one they make the schema that a file makes at once")
    func schema() async throws {
        let whole = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        _ = try await Migrator.migrate(whole)
        let pieces = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        let connection = try await PostgresConnection.connect(pieces)
        for migration in Migration.all {
            let statements = migration.statements
            #expect(statements.first?.hasSuffix("begin;") == true, "\(migration.number)")
            #expect(statements.last?.hasSuffix("commit;") == true, "\(migration.number)")
            for statement in statements { try await connection.script(statement) }
        }
        await connection.close()
        let schemas = try await (
            PostgresTools.schema(whole.url), PostgresTools.schema(pieces.url)
        )
        #expect(schemas.0 == schemas.1)
    }

    @Test("a semicolon ends one only where it is none of a text, name, comment or body")
    func ends() {
        let pieces = [
            "select ';', 'it''s;';", " -- a; b's\nselect $$ ; ' $$;", "select \";\", 3 - 1;",
        ]
        let migration = Migration(number: 1, text: pieces.joined() + "\n-- the end;")
        #expect(migration.statements == pieces)
    }
}
