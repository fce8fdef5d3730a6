package import Postgres

extension Migrator {
    /// Distributes a database, to which all migrations were applied and which has its logs, over the nodes of a
    /// Citus cluster; it may be repeated.
    ///
    /// Until the first event each time so that no worker has many more logs of facts than another.
    /// Throws `StoreOpeningError` where there is no such cluster, or events are there already. Needs the rights of
    /// the schema's owner.
    package static func distribute(
        _ configuration: PostgresConfiguration
    ) async throws(StoreOpeningError) {
        do {
            let connection = try await PostgresConnection.connect(configuration.withLongLimits)
            try await Distribution.begin(connection).run()
            let hasEvents = try await hasEvents(connection)
            if !hasEvents { try await LogSpread.even(connection) }
            await connection.close()
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            throw error.sqlState == .insufficientPrivilege ? .mayNotMigrate : .opening(error)
        } catch {
            preconditionFailure("Only the store and the database throw here: \(error)")
        }
    }
}
