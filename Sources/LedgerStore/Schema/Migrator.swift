internal import LedgerSchema
package import Postgres

/// Applies the migrations of `Schema/` that a database lacks.
package enum Migrator {
    /// Applies what is missing up to a migration, each in its own transaction, and answers the
    /// numbers that were applied.
    ///
    /// Needs the rights of the schema's owner. `limit` exists for tests of older schemas.
    package static func migrate(
        _ configuration: PostgresConfiguration,
        upTo limit: Int32 = SchemaCheck.known
    ) async throws(StoreOpeningError) -> [Int32] {
        do {
            let connection = try await PostgresConnection.connect(
                configuration.withoutTimeLimits
            )
            try await lock(connection)
            let found = try await applied(connection)
            if found > SchemaCheck.known {
                throw StoreOpeningError.superseded(found: found, known: SchemaCheck.known)
            }
            var numbers: [Int32] = []
            for migration in Migration.all
            where migration.number > found && migration.number <= limit {
                try await connection.script(migration.text)
                numbers.append(migration.number)
            }
            await connection.close()
            return numbers
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            switch error.sqlState {
            case .serviceRoleMissing: throw .serviceRoleMissing
            case .insufficientPrivilege: throw .mayNotMigrate
            default: throw .opening(error)
            }
        } catch {
            throw .notMigrated
        }
    }

    /// Two programs that migrate at once must not both apply a file.
    ///
    /// Every role can hold this lock, so it is not waited for without end.
    private static func lock(_ connection: PostgresConnection) async throws {
        do {
            try await connection.script(
                """
                set lock_timeout = '60s';
                select pg_advisory_lock(hashtext('token-ledger migrate'));
                set lock_timeout = 0
                """
            )
        } catch {
            guard error.code == .timedOut else { throw error }
            throw StoreOpeningError.migrationUnderWay
        }
    }

    private static func applied(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Int32 {
        let exists = try await connection.query(
            Statement("has_schema", "select to_regclass('ledger.migration') is not null")
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        guard exists else { return 0 }
        return try await connection.query(
            Statement("applied", "select coalesce(max(number), 0) from ledger.migration")
        ) { result throws(PostgresError) in try result.int4(0, 0) }
    }
}

extension SQLState {
    /// A migration found no role for the service, and could not make it.
    fileprivate static let serviceRoleMissing = SQLState(rawValue: "LG006")
}
