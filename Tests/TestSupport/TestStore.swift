import Ledger
package import LedgerStore
import Logging
package import Postgres
package import Vault

/// A ledger of its own for one test: a migrated database, an app, and the store at work with the
/// rights that the service has in production.
package struct TestStore: Sendable {
    /// The login role of the tests: a member of `token_ledger_service` and nothing else.
    package static let serviceRole = "token_ledger_test"
    /// The same for `token_ledger_auditor`.
    package static let auditorRole = "token_ledger_test_auditor"

    /// The store, opened and running.
    package let store: LedgerStore
    /// The pool it works with, in the database of administration.
    package var pool: PostgresPool { store.pools.administration }
    /// The root key it was opened with.
    package let rootKey: RootKey
    /// An app that is registered.
    package let app: StoredApp
    /// The database with the rights of the schema's owner, who is the superuser here.
    package let owner: PostgresConfiguration
    /// All databases with the rights of the schema's owner.
    package let owners: DatabaseMap
    /// The database with the rights of the service.
    package let service: PostgresConfiguration

    /// Lends a store with so many pairs of logs, which stand in so many fresh databases, and closes it afterwards.
    package static func run<Value: Sendable>(
        pairs: Int = 1,
        databases: Int = 1,
        _ body: (TestStore) async throws -> Value
    ) async throws -> Value {
        guard databases == 1 else {
            let ends = (0...databases).map { ($0 * pairs + databases - 1) / databases }
            return try await run(parts: zip(ends, ends.dropFirst()).map { $0..<$1 }, body)
        }
        let database = try await migratedDatabase()
        let serviceURL = try await TestPostgres.url(database: database.name, user: serviceRole)
        return try await run(
            pairs: pairs,
            owners: DatabaseMap(patient(PostgresConfiguration(url: database.url))),
            services: DatabaseMap(patient(PostgresConfiguration(url: serviceURL))),
            body
        )
    }

    /// Lends a store of several databases, each with some of the pairs.
    private static func run<Value: Sendable>(
        parts: [Range<Int>],
        _ body: (TestStore) async throws -> Value
    ) async throws -> Value {
        let (owners, services) = try await databases(parts: parts)
        return try await run(
            pairs: parts.map(\.upperBound).max() ?? 1,
            owners: try DatabaseMap(owners),
            services: try DatabaseMap(services),
            body
        )
    }

    /// Fresh databases, each for some of the pairs: for the owner, and for the service.
    static func databases(
        parts: [Range<Int>]
    ) async throws -> (owners: [DatabaseMap.Part], services: [DatabaseMap.Part]) {
        var (owners, services): ([DatabaseMap.Part], [DatabaseMap.Part]) = ([], [])
        for pairs in parts {
            let database = try await migratedDatabase()
            let owner = patient(PostgresConfiguration(url: database.url))
            let serviceURL = try await TestPostgres.url(database: database.name, user: serviceRole)
            let service = patient(PostgresConfiguration(url: serviceURL))
            let (first, last) = (pairs.lowerBound, pairs.upperBound - 1)
            owners.append(try DatabaseMap.Part(first: first, last: last, database: owner))
            services.append(try DatabaseMap.Part(first: first, last: last, database: service))
        }
        return (owners, services)
    }

    /// A fresh database that stands at the last migration.
    private static func migratedDatabase() async throws -> TestPostgres.Database {
        let template = try await TestPostgres.template("test_store") { url in
            _ = try await migrate(PostgresConfiguration(url: url))
        }
        return try await TestPostgres.freshDatabase(template: template)
    }

    /// The usual limits fit a server that works for one service alone; many tests share this one.
    private static func patient(_ configuration: PostgresConfiguration) -> PostgresConfiguration {
        var configuration = configuration
        configuration.waitMax = .seconds(60)
        configuration.lockTimeMax = .seconds(60)
        configuration.statementTimeMax = .seconds(60)
        return configuration
    }

    /// Lends a store in the `postgres` database of a cluster of the test's own.
    package static func run<Value: Sendable>(
        on cluster: TestCluster,
        pairs: Int = 1,
        change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestStore) async throws -> Value
    ) async throws -> Value {
        let owner = PostgresConfiguration(url: try await cluster.url())
        var service = PostgresConfiguration(url: try await cluster.url(user: serviceRole))
        change(&service)
        _ = try await migrate(owner)
        return try await run(
            pairs: pairs,
            owners: DatabaseMap(owner),
            services: DatabaseMap(service),
            body
        )
    }

    /// Applies all migrations and makes the login role of the tests.
    package static func migrate(_ owner: PostgresConfiguration) async throws -> [Int32] {
        let numbers = try await Migrator.migrate(owner)
        let connection = try await PostgresConnection.connect(owner)
        try await connection.script(
            """
            do $$ begin
                create role \(serviceRole) login in role token_ledger_service;
            exception when duplicate_object or unique_violation then null;
            end $$;
            do $$ begin
                create role \(auditorRole) login in role token_ledger_auditor;
            exception when duplicate_object or unique_violation then null;
            end $$
            """
        )
        await connection.close()
        return numbers
    }

    /// Lends one more store on the same database, as a second copy of the service.
    package func another<Value: Sendable>(
        service: PostgresConfiguration? = nil,
        rootKeys: RootKeys? = nil,
        _ body: (LedgerStore) async throws -> Value
    ) async throws -> Value {
        let rootKeys = rootKeys ?? RootKeys(rootKey)
        let services = service.map { DatabaseMap($0) } ?? store.pools.map
        return try await Self.opened(services, rootKeys, body)
    }

    /// A connection with the rights of the schema's owner, and without time limits.
    package func ownerConnection() async throws -> PostgresConnection {
        try await PostgresConnection.connect(owner.withoutTimeLimits)
    }

    /// A connection with the rights of the service.
    package func serviceConnection() async throws -> PostgresConnection {
        try await PostgresConnection.connect(service)
    }

    /// A connection with the rights of an auditor.
    package func auditor() -> PostgresConfiguration {
        var auditor = service
        auditor.url = auditor.url.replacing(Self.serviceRole, with: Self.auditorRole)
        return auditor
    }

    private static func run<Value: Sendable>(
        pairs: Int,
        owners: DatabaseMap,
        services: DatabaseMap,
        _ body: (TestStore) async throws -> Value
    ) async throws -> Value {
        let rootKey = RootKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })
        _ = try await Migrator.makeKeys(RootKeys(rootKey), on: owners)
        try await Migrator.makeLogs(Logs(pairs: pairs), on: owners)
        return try await opened(services, RootKeys(rootKey)) { store in
            let app = NewApp(
                clientID: "demo",
                name: "Demo",
                clientSecret: Secret("demo secret"),
                appKey: Secret("demo app key"),
                connectURL: "http://127.0.0.1:1",
                userURL: "http://127.0.0.1:1",
                apiURL: "http://127.0.0.1:1",
                allowedOrigins: ["http://127.0.0.1:2"]
            )
            _ = try await store.add(app, context: RecordContext(actor: "operator"), owner: owners)
            guard let stored = try await store.app(clientID: "demo") else {
                throw StoreError.defect
            }
            return try await body(
                TestStore(
                    store: store,
                    rootKey: rootKey,
                    app: stored,
                    owner: owners.first,
                    owners: owners,
                    service: services.first
                )
            )
        }
    }

    /// Opens a store, lets it work while `body` runs, and ends it in order.
    static func opened<Value: Sendable>(
        _ services: DatabaseMap,
        _ rootKeys: RootKeys,
        _ body: (LedgerStore) async throws -> Value
    ) async throws -> Value {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let pools = LogPools(services, logger: logger)
        defer { pools.close() }
        let store = try await LedgerStore(
            pools: pools,
            rootKeys: rootKeys,
            logger: logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.run() }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(store))
            } catch {
                result = .failure(error)
            }
            store.close()
            try await group.waitForAll()
            return try result.get()
        }
    }
}
