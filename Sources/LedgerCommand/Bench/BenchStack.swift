import HumanConnect
import Ledger
import LedgerAPI
import LedgerStore
import Logging
import NIOCore
import Postgres
import PostgresCluster
import Vault

/// A private ledger under load: PostgreSQL with fsync, the store, the HTTP service.
struct BenchStack: Sendable {
    /// How much is measured.
    struct Plan: Sendable {
        var seconds = 5
        var clients = 64
        /// How many events the history has that is verified, folded or proved.
        var events = 0
        /// Whether the integrator runs from the start, as in the service.
        var integrates = true
    }

    let ledger: PrivateLedger
    let plan: Plan
    let folder: String
    let app: StoredApp
    /// A key with all scopes.
    let apiKey: Secret
    let port: Int
    /// At work already if the plan says so.
    let integrator: Integrator

    private static let clientID = "bench"
    private static let databaseSetup = String(
        decoding: PackageResources.pgbench_setup_sql,
        as: UTF8.self
    )

    var load: Load { Load(clients: plan.clients, seconds: plan.seconds) }

    var history: BenchHistory { BenchHistory(store: ledger.store, app: app) }

    var psql: PSQL {
        PSQL(cluster: ledger.cluster, database: PrivateLedger.database, folder: folder)
    }

    var pgbench: PGBench {
        PGBench(
            cluster: ledger.cluster,
            database: PrivateLedger.database,
            seconds: plan.seconds,
            folder: folder
        )
    }

    /// Starts all of it, works, and ends it.
    static func run(
        folder: String,
        plan: Plan,
        logger: Logger,
        _ body: @escaping @Sendable (BenchStack) async throws -> Void
    ) async throws {
        try await PrivateLedger.run(folder: folder, logger: logger) { ledger in
            let connection = try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
            try await connection.script(databaseSetup)
            await connection.close()
            let (app, key) = try await register(ledger)
            let port = try await LocalPort.free()
            let integration = Integration(
                store: ledger.store,
                database: ledger.service,
                checkpointFolder: nil,
                logger: logger
            )
            let stack = BenchStack(
                ledger: ledger,
                plan: plan,
                folder: folder,
                app: app,
                apiKey: key,
                port: port,
                integrator: integration.integrator
            )
            try await ServiceRunner.withProvider { provider in
                let api = LedgerAPI(
                    store: ledger.store,
                    integrator: integration.integrator,
                    provider: provider,
                    configuration: LedgerAPIConfiguration(
                        host: LocalPort.host,
                        port: port,
                        publicURL: nil
                    ),
                    logger: logger
                )
                try await stack.serve(api, integration, logger, body)
            }
        }
    }

    private func serve(
        _ api: LedgerAPI,
        _ integration: Integration,
        _ logger: Logger,
        _ body: @escaping @Sendable (BenchStack) async throws -> Void
    ) async throws {
        try await ServiceRunner.run(
            ServiceRunner.group(
                [
                    ServiceRunner.named("database pool", ledger.pool),
                    ServiceRunner.named("store", ledger.store),
                ] + (plan.integrates ? integration.services : []) + [
                    ServiceRunner.named("http", api.service { _ in }),
                    ServiceRunner.work {
                        try await HTTPCaller().waitFor("http://\(LocalPort.host):\(port)/readyz")
                        try await body(self)
                    },
                ],
                logger: logger
            )
        )
    }

    private static func register(_ ledger: PrivateLedger) async throws -> (StoredApp, Secret) {
        let store = ledger.store
        let endpoints = ProviderEndpoints.humanAPI
        _ = try await store.add(
            NewApp(
                clientID: clientID,
                name: "Benchmark",
                clientSecret: Secret("unused"),
                appKey: nil,
                connectURL: endpoints.connect,
                userURL: endpoints.user,
                apiURL: endpoints.api,
                allowedOrigins: []
            ),
            context: OpenedStore.context,
            owner: ledger.owner
        )
        guard let app = try await store.app(clientID: clientID) else {
            throw CommandError("The benchmark's app could not be registered.")
        }
        let key = try await store.createAPIKey(
            of: app,
            scopes: Scope.allCases,
            isTest: true,
            context: OpenedStore.context,
            owner: ledger.owner
        )
        return (app, key.secret)
    }

    /// Measures requests of all callers, each on a connection of its own that stays open.
    ///
    /// `request` gives path and body by the numbers of caller and request; without a body it is
    /// GET.
    func measureHTTP(
        _ name: String,
        _ load: Load? = nil,
        expect status: Int,
        request: @escaping @Sendable (_ client: Int, _ number: Int) -> (path: String, body: String?)
    ) async throws -> Measurement {
        try await (load ?? self.load).measureConnections(name) { client, begin, end in
            try await LoadConnection.run(
                LoadConnection.Plan(
                    host: LocalPort.host,
                    port: port,
                    begin: begin,
                    end: end,
                    status: status
                ) { number in
                    let (path, body) = request(client, number)
                    return self.bytes(path, body)
                }
            )
        }
    }

    private func bytes(_ path: String, _ body: String?) -> ByteBuffer {
        var text = "\(body == nil ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: \(LocalPort.host)\r\n"
        text += "Authorization: Bearer \(apiKey.exposed)\r\n"
        if let body {
            text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        return ByteBuffer(string: text + "\r\n" + (body ?? ""))
    }
}
