@testable import LedgerStore
import Postgres
import TestSupport
import Testing

/// What a cluster asks of the schema, looked at in the catalogue of one server: what the next migration adds
/// must be such that `migrate --citus` can spread it (docs/decisions/0070-citus-by-rows.md).
@Suite("Rules of a schema that can be distributed", .timeLimit(.minutes(5)))
struct CitusRuleTests {
    /// A rule, and something that breaks it.
    struct Rule: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Gives a line for each thing that breaks it; `relation` are our tables.
        let breaches: Statement
        let example: String
    }

    static let rules = [
        Rule(
            testDescription:
                "a table has a log, or is named as one of every node or the coordinator",
            breaches: Statement(
                "tables_of_no_kind",
                """
                select name from relation
                where has_log::int + on_nodes::int + on_coordinator::int <> 1
                """
            ),
            example: "create table ledger.more (a integer)"
        ),
        Rule(
            testDescription: "a table that is named is there",
            breaches: Statement(
                "named_in_vain",
                """
                select named.name from named
                where not exists (select from relation where relation.name = named.name)
                """
            ),
            example: "drop table ledger.api_key_use"
        ),
        Rule(
            testDescription: "the number of a log is an integer",
            breaches: Statement(
                "other_log_numbers",
                """
                select r.name from relation r
                join pg_attribute a on a.attrelid = r.oid and a.attname = 'log_id'
                where a.atttypid <> 'integer'::regtype
                union all
                select p.oid::regprocedure::text from pg_proc p
                cross join unnest(p.proargtypes) with ordinality as argument (type, number)
                where p.pronamespace::regnamespace::text in ('ledger', 'vault')
                    and p.proargnames[argument.number] = 'log_id'
                    and argument.type <> 'integer'::regtype
                """
            ),
            example: """
                create function ledger.more(log_id bigint) returns integer language sql as 'select 1'
                """
        ),
        Rule(
            testDescription: "what is unique in a table of logs is so within a log",
            breaches: Statement(
                "unique_without_log",
                """
                select i.indexrelid::regclass::text from pg_index i
                join relation r on r.oid = i.indrelid
                join pg_attribute a on a.attrelid = r.oid and a.attname = 'log_id'
                where i.indisunique and not a.attnum = any (i.indkey)
                """
            ),
            example: "create unique index more on vault.value (sealed)"
        ),
        Rule(
            testDescription: "a foreign key leads to the same log, or to what is on every node",
            breaches: Statement(
                "far_foreign_keys",
                """
                select c.conrelid::regclass || '.' || c.conname from pg_constraint c
                join relation own on own.oid = c.conrelid
                join relation other on other.oid = c.confrelid
                where c.contype = 'f' and not own.on_coordinator and not other.on_nodes
                    and not (own.has_log and other.has_log and exists (
                        select from unnest(c.conkey, c.confkey) as pair (own_key, other_key)
                        join pg_attribute a on a.attrelid = own.oid and a.attnum = pair.own_key
                        join pg_attribute b on b.attrelid = other.oid and b.attnum = pair.other_key
                        where a.attname = 'log_id' and b.attname = 'log_id'))
                """
            ),
            example: """
                alter table ledger.problem add foreign key (about) references ledger.webhook_endpoint
                """
        ),
    ]

    @Test("the schema keeps it, and what does not is found", arguments: rules)
    func kept(rule: Rule) async throws {
        let database = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
        _ = try await TestStore.migrate(database)
        let connection = try await PostgresConnection.connect(database)
        try await connection.script(Self.relation)
        let found = try await breaches(rule, connection)
        #expect(found == [])
        try await connection.script(rule.example)
        let ofExample = try await breaches(rule, connection)
        #expect(ofExample.count == 1)
        await connection.close()
    }

    private func breaches(
        _ rule: Rule,
        _ connection: PostgresConnection
    ) async throws -> [String] {
        try await connection.rows(rule.breaches) { result, row throws(PostgresError) in
            try result.text(row, 0)
        }
    }

    private static var relation: String {
        func list(_ names: [String]) -> String {
            "array[" + names.map { "'\($0)'" }.joined(separator: ", ") + "]::text[]"
        }
        let nodes = list(CitusTables.onEveryNode)
        let coordinator = list(CitusTables.onTheCoordinator)
        return """
            create temp view named as select unnest(\(nodes) || \(coordinator)) as name;
            create temp view relation as
            select c.oid, c.oid::regclass::text as name, exists (
                    select from pg_attribute a where a.attrelid = c.oid and a.attname = 'log_id'
                ) as has_log, c.oid::regclass::text = any (\(nodes)) as on_nodes,
                c.oid::regclass::text = any (\(coordinator)) as on_coordinator
            from pg_class c
            where c.relnamespace::regnamespace::text in ('ledger', 'vault') and c.relkind = 'r';
            """
    }
}
