internal import HumanConnect
package import Ledger
internal import LedgerAPI
internal import LedgerStack
internal import LedgerStore
package import Logging
internal import NIOCore
internal import Postgres
internal import Vault

/// A private ledger under load: PostgreSQL with fsync, the store, the HTTP service.
package struct BenchStack: Sendable {
    /// How much is measured.
    package struct Plan: Sendable {
        let seconds: Int
        let clients: Int
        /// How many events the history has that is verified, folded or proved.
        let events: Int
        /// How many connected users there are to be launched and read.
        let users: Int
        /// Which logs there are; nil for those of the data folder, or of one pair.
        let logs: Logs?
        /// Whether the integrator runs from the start, as in the service.
        let integrates: Bool
        /// Whether webhooks are delivered by this process.
        let delivers: Bool
        /// How long each sync of PostgreSQL takes at least, as on a slow disk.
        let syncMilliseconds: Int

        /// A plan; what a measurement does not look at needs no value.
        package init(
            seconds: Int = 5,
            clients: Int = 64,
            events: Int = 0,
            users: Int = 0,
            logs: Logs? = nil,
            integrates: Bool = true,
            delivers: Bool = true,
            syncMilliseconds: Int = 0
        ) {
            self.seconds = seconds
            self.clients = clients
            self.events = events
            self.users = users
            self.logs = logs
            self.integrates = integrates
            self.delivers = delivers
            self.syncMilliseconds = syncMilliseconds
        }

        /// A server that keeps what is measured in its own memory, as its manual advises (a quarter of the
        /// machine's): with the usual 128 MB, 100,000 users and their events are read from the
        /// system's cache again and again.
        ///
        /// PostgreSQL can wait before each sync of its own accord: meant to let more commits join,
        /// it makes a slow disk of any.
        fileprivate var serverSettings: [String: String] {
            var all = ["shared_buffers": "1GB"]
            if syncMilliseconds > 0 {
                all["commit_delay"] = "\(1_000 * syncMilliseconds)"
                all["commit_siblings"] = "0"
            }
            return all
        }
    }

    let ledger: PrivateLedger
    let plan: Plan
    let folder: String
    let app: StoredApp
    /// A key with all scopes.
    let apiKey: Secret
    var port: Int
    /// The process of the service that listens there; nil for this one.
    var service: Int?
    let meter: ProcessorMeter
    /// At work already if the plan says so.
    let integrator: Integrator
    /// Is told in words what is done at the moment.
    let tell: @Sendable (String) -> Void

    private static let clientID = "bench"
    private static let databaseSetup = String(
        decoding: PackageResources.pgbench_setup_sql,
        as: UTF8.self
    )

    var load: Load { load(clients: plan.clients) }

    /// Commands go in batches, of which two are under way: twice as many callers as over HTTP fill
    /// them.
    var storeLoad: Load { load(clients: 2 * plan.clients) }

    func load(clients: Int) -> Load {
        Load(clients: clients, seconds: plan.seconds, tell: tell, meter: meter)
    }

    var history: BenchHistory { BenchHistory(store: ledger.store, app: app) }

    var psql: PSQL {
        PSQL(cluster: ledger.cluster, database: PrivateLedger.database, folder: folder)
    }

    var pgbench: PGBench {
        PGBench(
            cluster: ledger.cluster,
            database: PrivateLedger.database,
            seconds: plan.seconds,
            folder: folder,
            meter: meter,
            tell: tell
        )
    }

    /// Starts all of it, works, and ends it.
    ///
    /// `tell` is told in words what is done at the moment.
    package static func run(
        folder: String,
        plan: Plan,
        logger: Logger,
        tell: @escaping @Sendable (String) -> Void,
        _ body: @escaping @Sendable (BenchStack) async throws -> Void
    ) async throws {
        try await PrivateLedger.run(
            folder: folder,
            logs: plan.logs,
            serverSettings: plan.serverSettings,
            logger: logger
        ) { ledger in
            let connection = try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
            try await connection.script(databaseSetup)
            await connection.close()
            let (app, key) = try await register(ledger)
            let meter = try ProcessorMeter(ledger.cluster)
            let port = try await LocalPort.free()
            try await ServiceRunner.withProvider { provider in
                let service = try LedgerService(
                    store: ledger.store,
                    provider: provider,
                    configuration: LedgerAPIConfiguration(
                        host: LocalPort.host,
                        port: port,
                        publicURL: nil,
                        rates: .unlimited
                    ),
                    spoolFolder: "\(folder)/spool",
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
                    meter: meter,
                    integrator: service.integrator,
                    tell: tell
                )
                let work = ServiceRunner.work {
                    try await HTTPCaller().waitFor("http://\(LocalPort.host):\(port)/readyz")
                    try await body(stack)
                }
                try await ServiceRunner.run(
                    service.services(integrates: plan.integrates, delivers: plan.delivers)
                        + [work],
                    logger: logger
                )
            }
        }
    }

    private static func register(_ ledger: PrivateLedger) async throws -> (StoredApp, Secret) {
        let endpoints = ProviderEndpoints.humanAPI
        let app = try await ledger.register(
            NewApp(
                clientID: clientID,
                name: "Benchmark",
                clientSecret: Secret("unused"),
                appKey: nil,
                connectURL: endpoints.connect,
                userURL: endpoints.user,
                apiURL: endpoints.api,
                allowedOrigins: []
            )
        )
        return (app, try await ledger.makeKey(of: app, scopes: Scope.allCases))
    }

    /// Whose processor time is the load's when it comes over HTTP.
    var loader: ProcessorMeter.Loader { service.map { .program(service: $0) } ?? .threads }

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
        try await (load ?? self.load).measureConnections(name, loader: loader) {
            client,
            begin,
            end in
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

    /// A whole request, with the key, or another one.
    func bytes(_ path: String, _ body: String?, key: Secret? = nil) -> ByteBuffer {
        let apiKey = key ?? apiKey
        var text = "\(body == nil ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: \(LocalPort.host)\r\n"
        text += "Authorization: Bearer \(apiKey.exposed)\r\n"
        if let body {
            text += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        return ByteBuffer(string: text + "\r\n" + (body ?? ""))
    }
}
