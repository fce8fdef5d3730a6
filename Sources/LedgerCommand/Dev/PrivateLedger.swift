import Foundation
import LedgerStore
import Logging
import Postgres
import PostgresCluster
import Vault

/// A ledger with a PostgreSQL of its own, ready to be served: for `dev`, `demo` and `bench`.
struct PrivateLedger: Sendable {
    let cluster: RunningCluster
    let pool: PostgresPool
    let store: LedgerStore
    let rootKeyFile: String

    static let database = "token_ledger"
    /// The service does not work as superuser here either, so that nothing runs only by accident.
    private static let serviceRole = "token_ledger_dev"

    /// A connection string with all rights; it works for psql as well.
    var ownerURL: String { cluster.url(database: Self.database) }

    /// The database with the rights of the service.
    var service: PostgresConfiguration {
        PostgresConfiguration(url: cluster.url(database: Self.database, user: Self.serviceRole))
    }

    /// The database with the rights of its owner.
    var owner: PostgresConfiguration { PostgresConfiguration(url: ownerURL) }

    /// Starts a durable PostgreSQL, brings it to our schema, opens the store, and works.
    ///
    /// All of it ends after `body`; the data stays in the folder.
    static func run<Value: Sendable>(
        folder: String,
        logger: Logger,
        _ body: (PrivateLedger) async throws -> Value
    ) async throws -> Value {
        try makeFolder(folder)
        let configuration = ClusterConfiguration(folder: "\(folder)/postgres", durable: true)
        return try await PrivateCluster.run(configuration, logger: logger) { cluster in
            try await Migrator.createDatabase(
                database,
                on: PostgresConfiguration(url: cluster.url())
            )
            let owner = PostgresConfiguration(url: cluster.url(database: database))
            _ = try await Migrator.migrate(owner)
            try await Migrator.createServiceLogin(serviceRole, on: owner)
            let keyFile = "\(folder)/root-key"
            if !FileManager.default.fileExists(atPath: keyFile) {
                try RootKey.create(file: keyFile)
            }
            let pool = PostgresPool(
                configuration: PostgresConfiguration(
                    url: cluster.url(database: database, user: serviceRole)
                ),
                logger: logger
            )
            let store = try await LedgerStore(
                pool: pool,
                rootKey: try RootKey(file: keyFile),
                logger: logger
            )
            return try await body(
                PrivateLedger(cluster: cluster, pool: pool, store: store, rootKeyFile: keyFile)
            )
        }
    }

    /// The server's user must be able to pass through the folder, so it is not closed to others;
    /// each file in it is.
    private static func makeFolder(_ folder: String) throws {
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o711]
            )
        } catch {
            throw CommandError("The folder \(folder) cannot be made.")
        }
    }
}
