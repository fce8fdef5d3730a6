internal import Foundation
package import Ledger
package import LedgerStore
package import Logging
package import Postgres
package import PostgresCluster
package import Vault

/// A ledger with a PostgreSQL of its own, ready to be served: for `dev`, `demo` and `bench`.
package struct PrivateLedger: Sendable {
    package let cluster: RunningCluster
    package let store: LedgerStore
    package let rootKeyFile: String

    package static let database = "token_ledger"
    /// The service does not work as superuser here either, so that nothing runs only by accident.
    private static let serviceRole = "token_ledger_dev"

    /// A connection string with all rights; it works for psql as well.
    package var ownerURL: String { cluster.url(database: Self.database) }

    /// A connection string with the rights of the service.
    package var serviceURL: String {
        cluster.url(database: Self.database, user: Self.serviceRole)
    }

    /// The database with the rights of the service.
    package var service: PostgresConfiguration { PostgresConfiguration(url: serviceURL) }

    /// The database with the rights of its owner.
    package var owner: PostgresConfiguration { PostgresConfiguration(url: ownerURL) }

    /// Starts a durable PostgreSQL, brings it to our schema, opens the store, and works.
    ///
    /// All of it ends after `body`; the data stays in the folder. A new one has the logs that are named.
    package static func run<Value: Sendable>(
        folder: String,
        logs: Logs? = nil,
        serverSettings: [String: String] = [:],
        logger: Logger,
        _ body: (PrivateLedger) async throws -> Value
    ) async throws -> Value {
        try makeFolder(folder)
        let configuration = ClusterConfiguration(
            folder: "\(folder)/postgres",
            durable: true,
            settings: serverSettings
        )
        return try await PrivateCluster.run(configuration, logger: logger) { cluster in
            try await Migrator.createDatabase(
                database,
                on: PostgresConfiguration(url: cluster.url())
            )
            let owner = PostgresConfiguration(url: cluster.url(database: database))
            _ = try await Migrator.migrate(owner)
            if let logs { try await Migrator.makeLogs(logs, on: owner) }
            try await Migrator.createServiceLogin(serviceRole, on: owner)
            let keyFile = "\(folder)/root-key"
            if !FileManager.default.fileExists(atPath: keyFile) {
                try RootKey.create(file: keyFile)
            }
            let rootKeys = RootKeys(try RootKey(file: keyFile))
            _ = try await Migrator.makeKeys(rootKeys, on: owner)
            let service = PostgresConfiguration(
                url: cluster.url(database: database, user: serviceRole)
            )
            let store = try await LedgerStore(
                pools: LogPools(DatabaseMap(service), logger: logger),
                rootKeys: rootKeys,
                logger: logger
            )
            return try await body(
                PrivateLedger(cluster: cluster, store: store, rootKeyFile: keyFile)
            )
        }
    }

    /// Registers an app unless it is there already, and gives it as it is stored.
    package func register(_ app: NewApp) async throws -> StoredApp {
        _ = try await store.add(app, context: .byOperator, owner: DatabaseMap(owner))
        guard let stored = try await store.app(clientID: app.clientID) else {
            throw StackError.notRegistered(clientID: app.clientID)
        }
        return stored
    }

    /// Makes a `tl_test_` key of an app.
    package func makeKey(of app: StoredApp, scopes: [Scope]) async throws -> Secret {
        try await store.createAPIKey(
            of: app,
            NewAPIKey(scopes: scopes, isTest: true),
            context: .byOperator,
            owner: owner
        ).secret
    }

    /// The server's user must be able to pass through the folder, so it is not closed to others;
    /// each file in it is.
    private static func makeFolder(_ folder: String) throws(StackError) {
        guard !FileManager.default.fileExists(atPath: folder) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o711]
            )
        } catch {
            throw .folderNotMade(folder)
        }
    }
}
