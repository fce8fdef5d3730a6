@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("What each role may do", .timeLimit(.minutes(5)))
struct RightsTests {
    /// A role of the table, and the login role of the tests that is a member of it.
    struct Role: Sendable, CustomTestStringConvertible {
        let name: String
        let login: String
        /// Its place among the rights of a line.
        let place: Int
        var testDescription: String { name }
    }

    static let roles = [
        Role(name: "token_ledger_service", login: TestStore.serviceRole, place: 1),
        Role(name: "token_ledger_auditor", login: TestStore.auditorRole, place: 2),
    ]

    private func database() async throws -> (owner: PostgresConfiguration, name: String) {
        // A copy of a template would have the usual rights of a database.
        let database = try await TestPostgres.freshDatabase()
        let owner = PostgresConfiguration(url: database.url)
        _ = try await TestStore.migrate(owner)
        return (owner, database.name)
    }

    @Test("every right in the database is in the table, and nothing else is")
    func table() async throws {
        let owner = try await PostgresConnection.connect(try await database().owner)
        let written = try RightsTable.written()
        let found = try await RightsTable.found(owner)
        for line in Set(found).subtracting(written).sorted() {
            Issue.record("not in rights.txt: \(line)")
        }
        for line in Set(written).subtracting(found).sorted() {
            Issue.record("only in rights.txt: \(line)")
        }
        #expect(written.count == found.count)
        #expect(written.allSatisfy { RightsTable.Line($0) != nil })
    }

    @Test(
        "a grant that the table does not name is found",
        arguments: [
            "grant insert on ledger.event to token_ledger_service",
            "grant update (status) on vault.user_state to token_ledger_service",
            "grant select on vault.value to token_ledger_auditor",
            "grant select (wrapped_key) on vault.user_state to token_ledger_auditor",
            "grant execute on function vault.keep to public",
            "create function ledger.more() returns int language sql as 'select 1'",
            "create table vault.more ()", "create sequence ledger.more",
            "create type ledger.more as (a int)", "grant create on schema ledger to public",
            "grant usage on schema public to token_ledger_auditor",
            "grant execute on function lo_create(oid) to token_ledger_service",
            "alter function ledger.find_tokens security definer",
            "do $$ begin execute format('grant temporary on database %I to public', "
                + "current_database()); end $$",
        ]
    )
    func notNamed(grant: String) async throws {
        let owner = try await PostgresConnection.connect(try await database().owner)
        try await owner.script(grant)
        #expect(try await RightsTable.found(owner).sorted() != RightsTable.written().sorted())
    }

    @Test("whatever the table does not name is refused", arguments: roles)
    func refused(_ role: Role) async throws {
        let (owner, name) = try await database()
        let administrator = try await PostgresConnection.connect(owner)
        let columns = try await columns(administrator)
        let url = try await TestPostgres.url(database: name, user: role.login)
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
        let before = try await PostgresTools.data(owner.url)
        var tries = 0
        for line in try RightsTable.written().compactMap({ RightsTable.Line($0) }) {
            for statement in Self.forbidden(line, role.place, columns) {
                let error = await #expect(throws: PostgresError.self, "\(statement)") {
                    try await connection.script(statement)
                }
                #expect(error?.sqlState == .insufficientPrivilege, "\(statement)")
                tries += 1
            }
        }
        #expect(tries > 150)
        #expect(try await PostgresTools.data(owner.url) == before)
    }

    @Test("whatever may be read can be read", arguments: roles)
    func read(_ role: Role) async throws {
        let (_, name) = try await database()
        let url = try await TestPostgres.url(database: name, user: role.login)
        let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
        for line in try RightsTable.written().compactMap({ RightsTable.Line($0) })
        where line.rights[role.place].contains("select") {
            let parts = line.name.split(separator: ".")
            let what = line.kind == "column" ? parts[2] : "*"
            try await connection.script("select \(what) from \(parts[0]).\(parts[1])")
        }
    }

    /// The columns of each table.
    private func columns(_ connection: PostgresConnection) async throws -> [String: [String]] {
        let rows = try await connection.rows(
            Statement(
                "columns",
                """
                select format('%s.%s', c.relnamespace::regnamespace, c.relname), a.attname::text
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
                where c.relnamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                    and c.relkind = 'r' and not a.attisdropped
                """
            )
        ) { result, row throws(PostgresError) in
            (try result.text(row, 0), try result.text(row, 1))
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }

    /// What must be refused because a line does not name it.
    private static func forbidden(
        _ line: RightsTable.Line,
        _ place: Int,
        _ columns: [String: [String]]
    ) -> [String] {
        let rights = line.rights[place]
        let verbs: [(String, [String])]
        switch line.kind {
        case "table": verbs = tableVerbs(line, place, columns)
        case "function":
            let types = line.name.drop { $0 != "(" }.dropFirst().dropLast().split(separator: ",")
            let call = line.name.prefix { $0 != "(" }
            let values = types.map { "null::\($0)" }.joined(separator: ", ")
            verbs = [("execute", ["select \(call)(\(values))"])]
        case "schema":
            verbs = [
                (
                    "create",
                    [
                        "create table \(line.name).x ()",
                        "create function \(line.name).x() returns int language sql as 'select 1'",
                    ]
                ), ("usage", ["select from \(line.name).nothing"]),
            ]
        case "database":
            verbs = [
                ("create", ["create schema x"]), ("temporary", ["create temporary table x ()"]),
            ]
        case "server":
            verbs = [
                (
                    "execute",
                    [
                        "select lo_create(0)", "select lo_from_bytea(0, 'x')",
                        "select pg_logical_emit_message(false, 'x', 'y')",
                    ]
                )
            ]
        case "role":
            verbs = [
                ("superuser", ["set role postgres", "alter system set fsync = off"]),
                ("createrole", ["create role x"]),
                (
                    "server files",
                    [
                        "copy ledger.event to program 'true'", "copy ledger.event to '/tmp/x'",
                        "set session_replication_role = replica",
                    ]
                ),
            ]
        default: verbs = []
        }
        // A function's right says whose rights it runs with.
        return verbs.filter { verb, _ in !rights.contains { $0.hasPrefix(verb) } }.flatMap(\.1)
    }

    private static func tableVerbs(
        _ line: RightsTable.Line,
        _ place: Int,
        _ columns: [String: [String]]
    ) -> [(String, [String])] {
        let name = line.name
        let all = columns[name] ?? []
        let column = all.first ?? "missing"
        let lines = (try? RightsTable.written().compactMap { RightsTable.Line($0) }) ?? []
        let named = lines.filter { $0.kind == "column" && $0.rights[place].contains("select") }
            .map(\.name)
        let hidden = all.filter { !named.contains("\(name).\($0)") }
        return [
            ("select", ["select * from \(name)"] + hidden.map { "select \($0) from \(name)" }),
            ("insert", ["insert into \(name) default values", "copy \(name) from stdin"]),
            ("update", all.map { "update \(name) set \($0) = null" }),
            ("update", ["select \(column) from \(name) for update"]),
            ("delete", ["delete from \(name)"]),
            ("truncate", ["truncate \(name)", "truncate \(name) cascade"]),
            (
                "trigger",
                [
                    "create trigger t before insert on \(name) "
                        + "execute function ledger.refuse_change()"
                ]
            ),
            (
                "own",
                [
                    "alter table \(name) disable trigger all", "drop table \(name)",
                    "alter table \(name) add column x int",
                    "do $$ begin lock table \(name) in access exclusive mode; end $$",
                ]
            ),
        ]
    }
}
