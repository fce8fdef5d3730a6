import Foundation
import Postgres

/// What the roles may do, line by line: as rights.txt says, and as the catalog does.
struct RightsTable {
    /// An object, and what everybody, the service and the auditor may do with it.
    struct Line: Equatable {
        let kind: String
        let name: String
        let rights: [Set<String>]

        /// Reads `kind name | everybody | service | auditor`.
        init?(_ text: some StringProtocol) {
            let cells = text.split(separator: " | ").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard cells.count == 4, let blank = cells[0].firstIndex(of: " ") else { return nil }
            kind = String(cells[0][..<blank])
            name = String(cells[0][cells[0].index(after: blank)...])
            rights = cells.dropFirst().map { cell in
                cell == "-"
                    ? []
                    : Set(
                        cell.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                    )
            }
        }
    }

    /// The table that is checked in.
    static func written() throws -> [String] {
        let path = #filePath.replacing("RightsTable.swift", with: "rights.txt")
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }.map(Self.plain)
    }

    /// A line without the blanks that align it.
    private static func plain(_ line: some StringProtocol) -> String {
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: " | ")
    }

    /// What the catalog of a database says, in the same form.
    static func found(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.rows(Statement("rights", statement)) {
            result,
            row throws(PostgresError) in try result.text(row, 0)
        }
    }

    /// Every object there is, also those that nobody may use.
    private static let statement: StaticString = """
        with role (name, place) as (
            values ('public', 1), ('token_ledger_service', 2), ('token_ledger_auditor', 3)
        ), space as (
            select n.oid, n.nspname::text as name from pg_namespace n where n.nspname in ('ledger', 'vault', 'public')
        ), relation as (
            select c.oid, format('%s.%s', s.name, c.relname) as name,
                case when c.relkind = 'S' then 'sequence' else 'table' end as kind
            from pg_class c join space s on s.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        ), found (kind, name, place, verb) as (
            select 'database', 'this one', r.place, v.verb
            from role r, unnest(array['connect', 'create', 'temporary']) as v (verb)
            where has_database_privilege(r.name, current_database(), v.verb)
            union all
            select 'schema', s.name, r.place, v.verb
            from role r, space s, unnest(array['create', 'usage']) as v (verb)
            where has_schema_privilege(r.name, s.oid, v.verb)
            union all
            select t.kind, t.name, r.place, v.verb
            from role r, relation t,
                unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
                    as v (verb)
            where t.kind = 'table' and has_table_privilege(r.name, t.oid, v.verb)
            union all
            select t.kind, t.name, r.place, v.verb
            from role r, relation t, unnest(array['select', 'update', 'usage']) as v (verb)
            where t.kind = 'sequence' and has_sequence_privilege(r.name, t.oid, v.verb)
            union all
            -- Columns are named where the table as a whole is not granted.
            select 'column', format('%s.%s', t.name, a.attname), r.place, v.verb
            from role r, relation t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0,
                unnest(array['select', 'insert', 'update', 'references']) as v (verb)
            where t.kind = 'table' and not a.attisdropped
                and has_column_privilege(r.name, t.oid, a.attnum, v.verb)
                and not has_table_privilege(r.name, t.oid, v.verb)
            union all
            select 'function', p.oid::regprocedure::text, r.place, 'execute'
            from role r, pg_proc p join space s on s.oid = p.pronamespace
            where has_function_privilege(r.name, p.oid, 'execute')
            union all
            select 'type', p.oid::regtype::text, r.place, 'usage'
            from role r, pg_type p join space s on s.oid = p.typnamespace
            left join pg_class c on c.oid = p.typrelid
            where p.typelem = 0 and coalesce(c.relkind, 'c') = 'c' and has_type_privilege(r.name, p.oid, 'usage')
            union all
            select 'server', 'large objects', r.place, 'execute'
            from role r, pg_proc p
            where p.pronamespace = 'pg_catalog'::regnamespace and (p.proname like 'lo\\_%' or p.proname in ('loread', 'lowrite'))
                and has_function_privilege(r.name, p.oid, 'execute')
            union all
            select 'server', 'messages in the log of changes', r.place, 'execute'
            from role r, pg_proc p where p.proname = 'pg_logical_emit_message'
                and has_function_privilege(r.name, p.oid, 'execute')
            union all
            select 'role', 'itself', r.place, attribute.name
            from role r join pg_roles own on own.rolname = r.name, lateral (values
                ('login', own.rolcanlogin), ('superuser', own.rolsuper), ('createdb', own.rolcreatedb),
                ('createrole', own.rolcreaterole), ('replication', own.rolreplication),
                ('bypassrls', own.rolbypassrls)
            ) as attribute (name, is_set) where attribute.is_set
            union all
            select 'role', 'itself', r.place, 'member of ' || other.rolname
            from role r join pg_roles own on own.rolname = r.name, pg_roles other
            where other.oid <> own.oid and pg_has_role(own.oid, other.oid, 'member')
        ), thing (kind, name, way) as (
            select 'database', 'this one', ''
            union all select 'role', 'itself', ''
            union all select 'server', 'large objects', ''
            union all select 'server', 'messages in the log of changes', ''
            union all select 'schema', s.name, '' from space s
            union all select t.kind, t.name, '' from relation t
            union all
            select 'function', p.oid::regprocedure::text, case when p.prosecdef then ' as owner' else '' end
            from pg_proc p join space s on s.oid = p.pronamespace
            union all
            select 'type', p.oid::regtype::text, '' from pg_type p join space s on s.oid = p.typnamespace
            left join pg_class c on c.oid = p.typrelid
            where p.typelem = 0 and coalesce(c.relkind, 'c') = 'c'
            union all select distinct f.kind, f.name, '' from found f where f.kind = 'column'
        )
        select t.kind || ' ' || t.name || ' | ' || string_agg(coalesce(c.verbs, '-') || case when c.verbs = 'execute' then t.way else '' end, ' | ' order by r.place)
        from thing t cross join role r left join lateral (
            select string_agg(distinct f.verb, ', ' order by f.verb) as verbs from found f
            where f.kind = t.kind and f.name = t.name and f.place = r.place
        ) c on true
        group by t.kind, t.name
        order by t.kind, t.name
        """
}
