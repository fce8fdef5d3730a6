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
        let connection = try await PostgresConnection.connect(configuration.withoutTimeLimits)
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
