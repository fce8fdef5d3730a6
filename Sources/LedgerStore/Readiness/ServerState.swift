internal import Postgres

/// How the server is set up, as one of the service's own sessions sees it.
struct ServerState: Sendable {
    private let isStandby: Bool
    private let isReadOnly: Bool
    /// The names of settings that are off.
    private let settingsOff: Set<String>
    private let rights: [String]
    private let triggers: Set<String>
    private let rightsMissing: [String]

    /// The triggers that `Schema/` makes, all of them `enable always`: any other mode is skipped for
    /// some sessions (docs/threats.md#fact-5).
    private static let triggersNeeded: Set<String> = [
        "log.log_never_shrinks", "log.log_is_not_truncated",
        "event.event_is_immutable", "event.event_is_not_truncated",
        "tile.tile_is_immutable", "tile.tile_is_not_truncated",
        "checkpoint.checkpoint_is_immutable", "checkpoint.checkpoint_is_not_truncated",
        "cold.cold_is_immutable", "cold.cold_is_not_truncated",
    ]

    /// Asks on any connection of a pool.
    static func read(_ pool: PostgresPool) async throws(PostgresError) -> ServerState {
        try await pool.query(Statement("server_state", statement), share: .lookups) {
            result throws(PostgresError) in
            ServerState(
                isStandby: try result.bool(0, 0),
                isReadOnly: try result.bool(0, 1),
                settingsOff: Set(Self.words(try result.text(0, 2))),
                rights: Self.words(try result.text(0, 3)),
                triggers: Set(Self.words(try result.text(0, 4))),
                rightsMissing: Self.words(try result.text(0, 5))
            )
        }
    }

    private static func words(_ list: String) -> [String] {
        list.split(separator: ",").map(String.init)
    }

    /// What is wrong with it, the worst first.
    var conditions: [ReadinessCondition] {
        var conditions: [ReadinessCondition] = []
        if isStandby || isReadOnly { conditions.append(.readOnlyServer(isStandby: isStandby)) }
        if !rightsMissing.isEmpty { conditions.append(.rightsMissing(rightsMissing)) }
        let lost = Self.triggersNeeded.subtracting(triggers)
        if !lost.isEmpty { conditions.append(.triggersLost(lost.sorted())) }
        if settingsOff.contains("fsync") { conditions.append(.fsyncOff) }
        if settingsOff.contains("synchronous_commit") { conditions.append(.synchronousCommitOff) }
        if settingsOff.contains("full_page_writes") { conditions.append(.fullPageWritesOff) }
        if !rights.isEmpty { conditions.append(.tooManyRights(rights)) }
        if settingsOff.contains("data_checksums") { conditions.append(.dataChecksumsOff) }
        return conditions
    }

    /// Lists are joined with commas, which none of their words has.
    ///
    /// Rights count as far as the session could get them by any role that it is a member of.
    private static let statement: StaticString = """
        with role as (
            select r.oid, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
                r.rolbypassrls
            from pg_catalog.pg_roles r
            where r.rolname = session_user
        ), reachable as (
            select r.oid from pg_catalog.pg_roles r, role
            where not role.rolsuper and pg_has_role(role.oid, r.oid, 'member')
        ), relation as (
            select c.oid, n.nspname || '.' || c.relname as name
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('ledger', 'vault') and c.relkind in ('r', 'p')
        ), right_found (place, name) as (
            select 1, 'superuser' from role where role.rolsuper
            union all
            select 2, 'createrole' from role where role.rolcreaterole and not role.rolsuper
                and current_setting('server_version_num')::int < 160000
            union all
            select 2, attribute.name from role, lateral (
                values ('createdb', role.rolcreatedb), ('replication', role.rolreplication),
                    ('bypassrls', role.rolbypassrls)) as attribute (name, is_set)
            where attribute.is_set and not role.rolsuper
            union all
            select distinct 3, 'owner of the schema ' || n.nspname
            from pg_catalog.pg_namespace n join reachable on reachable.oid = n.nspowner
            where n.nspname in ('ledger', 'vault')
            union all
            select distinct 4, 'create in the schema ' || n.nspname
            from pg_catalog.pg_namespace n, reachable
            where n.nspname in ('ledger', 'vault')
                and has_schema_privilege(reachable.oid, n.oid, 'create')
            union all
            select distinct 5, verb.name || ' on ' || relation.name
            from relation, reachable,
                unnest(array['insert', 'update', 'delete', 'truncate', 'trigger']) as verb (name)
            where has_table_privilege(reachable.oid, relation.oid, verb.name)
            union all
            select distinct 6, verb.name || ' on columns of ' || relation.name
            from relation, reachable, unnest(array['insert', 'update']) as verb (name)
            where has_any_column_privilege(reachable.oid, relation.oid, verb.name)
                and not has_table_privilege(reachable.oid, relation.oid, verb.name)
            union all
            select distinct 7, 'execute on ' || n.nspname || '.' || p.proname
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace,
                reachable
            where n.nspname in ('ledger', 'vault')
                and has_function_privilege(reachable.oid, p.oid, 'execute')
                and not has_function_privilege('token_ledger_service', p.oid, 'execute')
            union all
            select distinct 8, 'member of ' || r.rolname
            from pg_catalog.pg_roles r join reachable on reachable.oid = r.oid
            where r.rolname in ('pg_execute_server_program', 'pg_write_server_files',
                'pg_read_server_files', 'pg_signal_backend')
        )
        select pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
            (
                select coalesce(string_agg(s.name, ','), '')
                from unnest(array[
                    'fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums'
                ]) as s (name)
                where current_setting(s.name) = 'off'
            ),
            (
                select coalesce(string_agg(f.name, ',' order by f.place, f.name), '')
                from (select * from right_found order by place, name limit 8) as f
            ),
            (
                select coalesce(string_agg(c.relname || '.' || t.tgname, ','), '')
                from pg_catalog.pg_trigger t
                join pg_catalog.pg_class c on c.oid = t.tgrelid
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'ledger' and not t.tgisinternal and t.tgenabled = 'A'
            ),
            (
                select coalesce(string_agg(n.nspname || '.' || p.proname, ','), '')
                from pg_catalog.pg_proc p
                join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                where n.nspname in ('ledger', 'vault') and p.proname in (
                        'append_events', 'append_single_events', 'settle_events', 'read_users',
                        'publish_checkpoint', 'drop_superseded', 'probe_append', 'find_tokens',
                        'note_api_key_use')
                    and not (has_schema_privilege(session_user, n.oid, 'usage')
                        and has_function_privilege(session_user, p.oid, 'execute'))
            )
        """
}
