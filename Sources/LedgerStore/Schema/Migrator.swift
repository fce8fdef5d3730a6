internal import LedgerSchema
package import Postgres

/// Applies the migrations of `Schema/` that a database lacks.
package enum Migrator {
    /// Applies what is missing up to a migration, each in its own transaction, and answers the
    /// numbers that were applied.
    ///
    /// Needs the rights of the schema's owner. What a migration adds to a database that is distributed over a
    /// Citus cluster is distributed at once. `limit` exists for tests of older schemas.
    package static func migrate(
        _ configuration: PostgresConfiguration,
        upTo limit: Int32 = SchemaCheck.known
    ) async throws(StoreOpeningError) -> [Int32] {
        do {
            let connection = try await PostgresConnection.connect(
                configuration.withLongLimits
            )
            var numbers: [Int32] = []
            var found = try await applied(connection)
            let distribution = try await Distribution.of(connection)
            try await distribution?.run()
            while found < min(limit, SchemaCheck.known) {
                let migration = Migration.all[Int(found)]
                // A cluster's servers are sent all that came with a statement, so there one comes alone.
                let scripts = distribution == nil ? [migration.text] : migration.statements
                let isApplied = try await apply(scripts, of: migration, connection)
                if isApplied { numbers.append(migration.number) }
                try await distribution?.run()
                found = max(migration.number, try await applied(connection))
            }
            if found > SchemaCheck.known {
                throw StoreOpeningError.superseded(found: found, known: SchemaCheck.known)
            }
            await connection.close()
            return numbers
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            switch error.sqlState {
            case .roleMissing: throw .roleMissing
            case .insufficientPrivilege: throw .mayNotMigrate
            default: throw .opening(error)
            }
        } catch {
            throw .notMigrated
        }
    }

    /// Applies one; false when another program was faster.
    ///
    /// No lock is taken that somebody else could hold: a migration's first insert is its own number,
    /// so of two programs one waits there for the other, and is told that the number is taken.
    private static func apply(
        _ scripts: [String],
        of migration: Migration,
        _ connection: PostgresConnection
    ) async throws -> Bool {
        do throws(PostgresError) {
            for script in scripts { try await connection.script(script) }
            return true
        } catch {
            // What failed within `begin` has left a transaction open.
            try await connection.script("rollback")
            guard let state = error.sqlState, taken.contains(state),
                try await applied(connection) >= migration.number
            else {
                throw error.code == .timedOut ? StoreOpeningError.tablesLocked : error
            }
            return false
        }
    }

    /// What the second of two programs meets: the number, or before there are any numbers, a schema.
    private static let taken: Set<SQLState> = [
        .uniqueViolation, SQLState(rawValue: "42P06"),
    ]

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
    /// A migration found one of the roles missing, and could not make it.
    fileprivate static let roleMissing = SQLState(rawValue: "LG006")
}
