package import Postgres

// What a database needs around the migrations. All of it needs the rights of an owner, may be
// repeated, and lets the server itself quote the names (`format('%I')`).
extension Migrator {
    /// Lets a login role work as the service: call the functions and read, nothing else.
    ///
    /// Where an administrator has done so already, the owner needs no right to do it.
    package static func grantService(
        to role: String,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(configuration)
            let isMember = try await connection.query(
                Statement(
                    "is_service",
                    "select pg_has_role($1, 'token_ledger_service', 'member')",
                    .text(role)
                )
            ) { result throws(PostgresError) in try result.bool(0, 0) }
            if !isMember {
                try await run(
                    Statement(
                        "grant_service",
                        "select format('grant token_ledger_service to %I', $1)",
                        .text(role)
                    ),
                    connection
                )
            }
            await connection.close()
        } catch {
            switch error.sqlState {
            case .insufficientPrivilege: throw .mayNotGrant(role: role)
            case .undefinedObject: throw .noSuchRole(role)
            default: throw .database(error)
            }
        }
    }

    /// Makes a login role without a password, for a server that trusts its socket, and lets it
    /// work as the service.
    package static func createServiceLogin(
        _ role: String,
        on configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(configuration)
            let exists = try await connection.query(
                Statement(
                    "has_role",
                    "select exists (select from pg_roles where rolname = $1)",
                    .text(role)
                )
            ) { result throws(PostgresError) in try result.bool(0, 0) }
            if !exists {
                try await run(
                    Statement(
                        "create_role",
                        "select format('create role %I login', $1)",
                        .text(role)
                    ),
                    connection
                )
            }
            await connection.close()
        } catch {
            throw .database(error)
        }
        try await grantService(to: role, on: configuration)
    }

    /// Makes a database, unless it is there.
    package static func createDatabase(
        _ name: String,
        on configuration: PostgresConfiguration
    ) async throws(PostgresError) {
        let connection = try await PostgresConnection.connect(configuration.withLongLimits)
        let exists = try await connection.query(
            Statement(
                "has_database",
                "select exists (select from pg_database where datname = $1)",
                .text(name)
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        if !exists {
            try await run(
                Statement(
                    "create_database",
                    "select format('create database %I', $1)",
                    .text(name)
                ),
                connection
            )
        }
        await connection.close()
    }

    /// What takes away from everybody what the owner could not: statements for an administrator.
    ///
    /// Empty when nothing is left that somebody who may connect could leave on the disk. The owner keeps
    /// temporary tables: a rebuild of the projection needs them.
    package static func openToEverybody(
        on owner: PostgresConfiguration
    ) async throws(StoreOpeningError) -> [String] {
        do throws(PostgresError) {
            let connection = try await PostgresConnection.connect(owner)
            let statements = try await connection.rows(
                Statement(
                    "open_to_everybody",
                    """
                    select format(
                        'revoke %s on database %I from public; grant temporary on database %I to %I',
                        string_agg(lower(a.privilege_type), ', ' order by a.privilege_type),
                        d.datname, d.datname, current_user)
                    from pg_database d,
                        aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
                    where d.datname = current_database() and a.grantee = 0
                        and a.privilege_type in ('CREATE', 'TEMPORARY')
                    group by d.datname
                    union all
                    select format('revoke all on schema public from public')
                    from pg_namespace n where n.nspname = 'public' and exists (
                        select from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
                        where a.grantee = 0)
                    union all
                    select format('revoke execute on function %s from public',
                        string_agg(p.oid::regprocedure::text, ', ' order by p.oid))
                    from pg_proc p
                    where p.pronamespace = 'pg_catalog'::regnamespace
                        and (p.proname like 'lo\\_%'
                            or p.proname in ('loread', 'lowrite', 'pg_logical_emit_message'))
                        and exists (
                            select from aclexplode(
                                coalesce(p.proacl, acldefault('f', p.proowner))) a
                            where a.grantee = 0)
                    having count(*) > 0
                    """
                )
            ) { result, row throws(PostgresError) in try result.text(row, 0) }
            await connection.close()
            return statements
        } catch {
            throw .database(error)
        }
    }

    /// Runs the text that a statement gives.
    private static func run(
        _ statement: Statement,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        let sql = try await connection.query(statement) { result throws(PostgresError) in
            try result.text(0, 0)
        }
        try await connection.script(sql)
    }
}
