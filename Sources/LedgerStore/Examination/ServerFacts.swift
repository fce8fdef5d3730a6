package import Postgres

/// What kind of server the database is on, and what room it leaves: for people to look at.
///
/// What is wrong with it tells `Readiness.serverConditions`; these facts are about what no launch
/// fails of by itself.
package struct ServerFacts: Sendable {
    package let version: String
    package let database: String
    package let role: String
    /// The roles that it is a member of, in order.
    package let memberships: [String]
    /// The version of TLS between us and the server; nil without.
    package let tls: String?
    /// The last migration that was applied; nil where none was.
    package let migration: Int32?
    /// How many connections may still be made, by the tightest of the limits of server, database and
    /// role.
    package let connectionsLeft: Int64
    /// How many the server takes in all.
    package let connectionsMax: Int64
    /// What a session's large queries may put on the disk, as the server writes it; nil for no limit.
    package let temporaryFilesMax: String?
    /// The settings by which the server writes parameters of statements into its log, none of which
    /// should do so (docs/operator.md#when-the-services-password-is-stolen).
    package let parameterLogging: [String]
    /// The settings that the role itself brings to each of its sessions.
    ///
    /// Whoever has its password may change them.
    package let roleSettings: [String]

    /// Asks on any connection of a pool; changes nothing.
    package static func read(_ pool: PostgresPool) async throws(StoreError) -> ServerFacts {
        do {
            let migration = try await migration(pool)
            return try await pool.query(statement) { result throws(PostgresError) in
                ServerFacts(
                    version: try result.text(0, 0),
                    database: try result.text(0, 1),
                    role: try result.text(0, 2),
                    memberships: words(try result.text(0, 3)),
                    tls: try result.textOrNil(0, 4),
                    migration: migration,
                    connectionsLeft: try result.int8(0, 5),
                    connectionsMax: try result.int8(0, 6),
                    temporaryFilesMax: try result.textOrNil(0, 7),
                    parameterLogging: words(try result.text(0, 8)),
                    roleSettings: words(try result.text(0, 9))
                )
            }
        } catch {
            throw StoreError(error)
        }
    }

    private static func words(_ list: String) -> [String] {
        list.split(separator: ",").map(String.init)
    }

    /// Nil also where the role may not look.
    private static func migration(_ pool: PostgresPool) async throws(PostgresError) -> Int32? {
        do throws(PostgresError) {
            return try await pool.query(
                Statement("migration_found", "select max(number) from ledger.migration")
            ) { result throws(PostgresError) in try result.int4OrNil(0, 0) }
        } catch {
            let passedOver: [SQLState] = [
                .undefinedTable, .undefinedSchema, .insufficientPrivilege,
            ]
            guard let state = error.sqlState, passedOver.contains(state) else { throw error }
            return nil
        }
    }

    /// Of other roles' sessions a role sees little more than whose they are; those of the server itself
    /// are nobody's.
    ///
    /// Our calls are queries, so `log_statement = mod` does not log them.
    private static let statement = Statement(
        "server_facts",
        """
        with own as (
            select r.oid, r.rolconnlimit from pg_catalog.pg_roles r where r.rolname = session_user
        ), session as (
            select a.datname, a.usesysid from pg_catalog.pg_stat_activity a
            where a.usesysid is not null
        )
        select current_setting('server_version'), current_database()::text, session_user::text,
            (
                select coalesce(string_agg(r.rolname, ',' order by r.rolname), '')
                from pg_catalog.pg_roles r, own
                where r.oid <> own.oid and r.rolname not like 'pg\\_%'
                    and pg_has_role(own.oid, r.oid, 'member')
            ),
            (select s.version from pg_catalog.pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl),
            least(
                current_setting('max_connections')::bigint
                    - current_setting('superuser_reserved_connections')::bigint
                    - (select count(*) from session),
                (
                    select case when d.datconnlimit >= 0 then d.datconnlimit
                        - (select count(*) from session where session.datname = d.datname) end
                    from pg_catalog.pg_database d where d.datname = current_database()
                ),
                (
                    select case when own.rolconnlimit >= 0 then own.rolconnlimit
                        - (select count(*) from session where session.usesysid = own.oid) end
                    from own
                )
            ),
            current_setting('max_connections')::bigint,
            nullif(current_setting('temp_file_limit'), '-1'),
            (
                select coalesce(string_agg(s.name, ',' order by s.name), '')
                from pg_catalog.pg_settings s
                where current_setting('log_parameter_max_length') <> '0' and (
                    (s.name = 'log_statement' and s.setting = 'all')
                    or (s.name = 'log_min_duration_statement' and s.setting <> '-1')
                    or (s.name = 'log_min_duration_sample' and s.setting <> '-1')
                    or (s.name = 'log_transaction_sample_rate' and s.setting <> '0'))
            ),
            (
                -- Names alone: what a setting is set to may have commas in it.
                select coalesce(string_agg(distinct split_part(c.config, '=', 1), ','), '')
                from pg_catalog.pg_db_role_setting s, own, unnest(s.setconfig) as c (config)
                where s.setrole = own.oid and s.setdatabase in (
                    0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
                )
            )
        """
    )
}
