import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Append-only", .timeLimit(.minutes(5)))
struct AppendOnlyTests {
    /// A table and one of its columns.
    private struct Table: Sendable {
        let name: String
        let column: String
    }

    @Test("the service's role can change no table, and take no lock that it does not need")
    func service() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let before = try await PostgresTools.data(test.owner.url)
            let connection = try await test.serviceConnection()
            let tables = try await tables(connection)
            #expect(tables.count >= 10)
            for table in tables {
                for verb in [
                    "insert into \(table.name) default values",
                    "update \(table.name) set \(table.column) = \(table.column)",
                    "delete from \(table.name)", "truncate \(table.name)",
                    "truncate \(table.name) cascade",
                    "select 1 from \(table.name) for update",
                    "copy \(table.name) from '/dev/null'",
                    "alter table \(table.name) disable trigger all",
                    "alter table \(table.name) add column x int", "drop table \(table.name)",
                    "do $$ begin lock table \(table.name) in access exclusive mode; end $$",
                    "create trigger t before insert on \(table.name) "
                        + "execute function ledger.refuse_change()",
                ] {
                    await expectRefusal(verb, connection)
                }
            }
            for verb in [
                "create table ledger.x ()", "create table vault.x ()",
                "create function ledger.x() returns int language sql as 'select 1'",
                "drop schema ledger cascade", "set session_replication_role = replica",
                "alter role \(TestStore.serviceRole) createrole", "set role postgres",
                "alter function ledger.refuse_change() owner to \(TestStore.serviceRole)",
            ] {
                await expectRefusal(verb, connection)
            }
            #expect(try await PostgresTools.data(test.owner.url) == before)
        }
    }

    private func expectRefusal(_ verb: String, _ connection: PostgresConnection) async {
        let error = await #expect(throws: PostgresError.self, "\(verb)") {
            try await connection.script(verb)
        }
        // Most are refused for want of a right; some by the owner check, which has the same code.
        #expect(error?.sqlState == .insufficientPrivilege, "\(verb)")
    }

    private func tables(_ connection: PostgresConnection) async throws -> [Table] {
        try await connection.query(
            Statement(
                "test_tables",
                """
                select c.oid::regclass::text, a.attname from pg_class c
                join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
                where c.relnamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                    and c.relkind in ('r', 'p') order by 1
                """
            )
        ) { result throws(PostgresError) in
            var tables: [Table] = []
            for row in 0..<result.rowCount {
                tables.append(
                    Table(name: try result.text(row, 0), column: try result.text(row, 1))
                )
            }
            return tables
        }
    }

    @Test(
        "even the superuser's change of the log is refused, also as a replica",
        arguments: ["origin", "replica"]
    )
    func owner(role: String) async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let before = try await PostgresTools.data(test.owner.url)
            let connection = try await test.ownerConnection()
            try await connection.script("set session_replication_role = \(role)")
            for verb in [
                "update ledger.event set type = type",
                "update ledger.event set record = 'x' where position = 1",
                "delete from ledger.event where position = 1", "delete from ledger.event",
                "truncate ledger.event", "truncate ledger.event cascade",
                "update ledger.log set size = size - 1", "update ledger.log set size = 0",
                "update ledger.log set log_id = log_id + 10", "update ledger.log set kind = 'fact'",
                "delete from ledger.log", "truncate ledger.log cascade",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(verb)") {
                    try await connection.script(verb)
                }
                #expect(error?.sqlState?.rawValue == "LG001", "\(verb)")
            }
            #expect(try await PostgresTools.data(test.owner.url) == before)
        }
    }

    @Test("a role without our grant can run no function and read no table")
    func stranger() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            // With the schemas open, the rights of the functions and tables alone decide.
            try await owner.script(
                """
                do $$ begin
                    create role token_ledger_stranger login;
                exception when duplicate_object or unique_violation then null;
                end $$;
                grant usage on schema ledger, vault to token_ledger_stranger;
                """
            )
            var url = test.service
            url.url = url.url.replacing(TestStore.serviceRole, with: "token_ledger_stranger")
            let stranger = try await PostgresConnection.connect(url)
            for table in try await tables(stranger) {
                await expectRefusal("select 1 from \(table.name)", stranger)
            }
            for call in [
                "ledger.append_single_events(0, '{}')",
                "ledger.settle_events(0, '{}')", "ledger.knows_secret(null)",
                "vault.read_users(0, '{}', '{}', '{}')",
                "ledger.refuse_change()",
                "ledger.add_app(null, null)", "ledger.add_api_key(null, null)",
                "ledger.update_app(null, null, null)",
                "ledger.change_api_key(null, null, null, null)",
                "ledger.note_api_key_use('{}', '{}')",
            ] {
                await expectRefusal("select \(call)", stranger)
            }
            let open = try await test.count(
                Statement(
                    "open_functions",
                    """
                    select count(*) from pg_proc
                    where pronamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                        and has_function_privilege('token_ledger_stranger', oid, 'execute')
                    """
                )
            )
            #expect(open == 0, "functions that everybody may run")
        }
    }

    @Test("the service's role has no way around the append, and reads everything it needs")
    func rights() async throws {
        try await TestStore.run { test in
            let parts = try await test.count(
                Statement(
                    "parts",
                    """
                    select count(*) from pg_proc
                    where oid in ('ledger.project_user_state'::regproc, 'vault.keep'::regproc)
                        and has_function_privilege('token_ledger_test', oid, 'execute')
                    """
                )
            )
            #expect(parts == 0)
            let loose = try await test.count(
                Statement(
                    "loose_definers",
                    """
                    select count(*) from pg_proc
                    where pronamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                        and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)
                    """
                )
            )
            #expect(loose == 0, "functions whose search path does not end in pg_temp")
            // A table of the service's with such a column would keep the owner from changing the
            // type.
            let usable = try await test.count(
                Statement(
                    "usable_types",
                    """
                    select count(*) from pg_type t join pg_class c on c.oid = t.typrelid
                    where t.typnamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                        and c.relkind = 'c' and has_type_privilege('token_ledger_test', t.oid, 'usage')
                    """
                )
            )
            #expect(usable == 0, "row types that the service's role may build upon")
        }
    }

    @Test("a type that the service's role makes up is not used with the owner's rights")
    func temporaryTypes() async throws {
        try await TestStore.run { test in
            // The migrations take this right away; the functions do not rely on it.
            let owner = try await test.ownerConnection()
            try await owner.script(
                "do $$ begin execute format('grant temporary on database %I to public', "
                    + "current_database()); end $$"
            )
            let connection = try await test.serviceConnection()
            try await connection.script(
                """
                create temp table seen (who text);
                create function pg_temp.spy(value text) returns boolean language plpgsql as
                    'begin insert into pg_temp.seen values (current_user); return true; end';
                create domain pg_temp.json as pg_catalog.json
                    check (pg_temp.spy(value::pg_catalog.text));
                create domain pg_temp.uuid as pg_catalog.uuid
                    check (pg_temp.spy(value::pg_catalog.text));
                create domain pg_temp.text as pg_catalog.text check (pg_temp.spy(value));
                """
            )
            let command = CommandFactory(test: test).command()
            let append = AppendStatement([command], log: .facts, vault: test.store.vault).statement
            try await connection.query(append) { _ in }
            let seen = try await connection.query(
                Statement("seen", "select count(*) from pg_temp.seen where who <> session_user")
            ) { result throws(PostgresError) in try result.int8(0, 0) }
            #expect(seen == 0, "a function of the caller ran as the owner")
        }
    }
}
