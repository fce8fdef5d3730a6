import AsyncHTTPClient
import HumanConnect
import Ledger
import LedgerAPI
import LedgerStore
import Logging
import Postgres
import PostgresCluster

/// A private ledger under load: PostgreSQL with fsync, the store, the HTTP service.
struct BenchStack: Sendable {
    /// How much is measured.
    struct Plan: Sendable {
        let seconds: Int
        let clients: Int
    }

    let ledger: PrivateLedger
    let plan: Plan
    let folder: String
    let app: StoredApp
    /// A key with all scopes.
    let apiKey: Secret
    let url: String

    private static let clientID = "bench"
    private static let databaseSetup = String(
        decoding: PackageResources.pgbench_setup_sql, as: UTF8.self)

    var load: Load { Load(clients: plan.clients, seconds: plan.seconds) }

    var pgbench: PGBench {
        PGBench(
            cluster: ledger.cluster, database: PrivateLedger.database, seconds: plan.seconds,
            folder: folder)
    }

    /// Starts all of it, works, and ends it.
    static func run(
        folder: String, plan: Plan, logger: Logger,
        _ body: @escaping @Sendable (BenchStack) async throws -> Void
    ) async throws {
        try await PrivateLedger.run(folder: folder, logger: logger) { ledger in
            let connection = try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
            try await connection.script(databaseSetup)
            await connection.close()
            let (app, key) = try await register(ledger.store)
            let port = try await LocalPort.free()
            let stack = BenchStack(
                ledger: ledger, plan: plan, folder: folder, app: app, apiKey: key,
                url: "http://\(LocalPort.host):\(port)")
            let provider = HumanConnectClient()
            let api = LedgerAPI(
                store: ledger.store, provider: provider,
                configuration: LedgerAPIConfiguration(
                    host: LocalPort.host, port: port, publicURL: nil), logger: logger)
            let group = ServiceRunner.group(
                [
                    ServiceRunner.named("database pool", ledger.pool),
                    ServiceRunner.named("store", ledger.store),
                    ServiceRunner.named("http", api.service { _ in }),
                    ServiceRunner.work {
                        try await HTTPCaller().waitFor(stack.url + "/readyz")
                        try await body(stack)
                    },
                ], logger: logger)
            try await ServiceRunner.run(group)
            try await provider.shutdown()
        }
    }

    private static func register(_ store: LedgerStore) async throws -> (StoredApp, Secret) {
        let endpoints = ProviderEndpoints.humanAPI
        _ = try await store.add(
            NewApp(
                clientID: clientID, name: "Benchmark", clientSecret: Secret("unused"), appKey: nil,
                connectURL: endpoints.connect, userURL: endpoints.user, apiURL: endpoints.api,
                allowedOrigins: []), context: OpenedStore.context)
        guard let app = try await store.app(clientID: clientID) else {
            throw CommandError("The benchmark's app could not be registered.")
        }
        let key = try await store.createAPIKey(
            of: app, scopes: Scope.allCases, isTest: true, context: OpenedStore.context)
        return (app, key.secret)
    }

    /// A client with a connection for each caller.
    func withHTTPClient<Value: Sendable>(
        _ body: (HTTPClient) async throws -> Value
    ) async throws -> Value {
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = plan.clients
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        return try result.get()
    }
}
