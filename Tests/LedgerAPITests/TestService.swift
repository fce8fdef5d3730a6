import ConnectFlow
import Console
import Foundation
import HTTPTypes
import HumanConnect
import HumanConnectSandbox
import Hummingbird
import HummingbirdTesting
import Ledger
import LedgerAPI
import LedgerStore
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import ServiceLifecycle
import TestSupport
import Testing
import Traces
import Vault
import Wire

/// The whole service for one test: database, store, provider, HTTP server, apps and keys.
struct TestService: Sendable {
    static let origin = "https://app.example.com"

    let url: String
    let sandbox: TestSandbox
    let store: LedgerStore
    /// The one that the service itself works with.
    let served: LedgerStore
    /// The database with all rights.
    let owner: PostgresConfiguration
    /// All databases with the rights of the schema's owner.
    let owners: DatabaseMap
    let rootKey: RootKey
    let spoolFolder: String
    let erasureFolder: String
    let app: StoredApp
    let foreignApp: StoredApp
    /// Has all scopes.
    let key: String
    let foreignKey: String
    let logs: LogMemory
    /// Nobody looks after left finalizes by himself: a test says when.
    let flows: ConnectFlows
    let readiness: Readiness
    /// What the service proves from, pair by pair.
    let maps: [MapKeeper]
    let api: LedgerAPI
    /// Ends with the server.
    let server: Task<Void, any Error>
    let beginShutdown: @Sendable () async -> Void

    /// Lends a service in fresh databases.
    ///
    /// With the default, what fails on purpose is no reason to stop calling the provider.
    static func run<Value: Sendable>(
        pairs: Int = 1,
        databases: Int = 1,
        providerTimeMax: Duration = .seconds(15),
        probePause: Duration = .zero,
        treeAccess: TreeAccess = .open,
        rates: CallRates = .usual,
        hasAppKey: Bool = true,
        tracing: Tracing = .off,
        _ body: (TestService) async throws -> Value
    ) async throws -> Value {
        var limits = HumanConnectClient.Configuration()
        limits.totalTimeMax = providerTimeMax
        limits.lookTimeMax = providerTimeMax
        limits.probePause = probePause
        // The server that the tests share may lose what was written.
        return try await TestStore.run(pairs: pairs, databases: databases) {
            try await run(
                $0,
                limits,
                (treeAccess, rates, tracing),
                (hasAppKey, acceptsUnsafeServer: true),
                body
            )
        }
    }

    /// Lends a service on a cluster that the test can stop.
    static func run<Value: Sendable>(
        on cluster: TestCluster,
        acceptsUnsafeServer: Bool = true,
        _ body: (TestService) async throws -> Value
    ) async throws -> Value {
        var limits = HumanConnectClient.Configuration()
        limits.probePause = .zero
        return try await TestStore.run(on: cluster) {
            try await run($0, limits, (.open, .usual, .off), (true, acceptsUnsafeServer), body)
        }
    }

    private static func run<Value: Sendable>(
        _ database: TestStore,
        _ limits: HumanConnectClient.Configuration,
        _ access: (tree: TreeAccess, rates: CallRates, tracing: Tracing),
        _ traits: (hasAppKey: Bool, acceptsUnsafeServer: Bool),
        _ body: (TestService) async throws -> Value
    ) async throws -> Value {
        let (sandbox, logs) = (TestSandbox(), LogMemory())
        try await sandbox.start()
        let provider = client(limits)
        let pools = LogPools(database.store.pools.map, logger: logs.logger())
        defer { pools.close() }
        let result: Result<Value, any Error>
        do {
            let store = try await LedgerStore(
                pools: pools,
                rootKeys: RootKeys(database.rootKey),
                logger: logs.logger()
            )
            let value = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.run() }
                defer { store.close() }
                let (integrator, maps) = integrator(store, pools, logs)
                group.addTask { try await work(integrator, maps) }
                defer { group.cancelAll() }
                let folder = try newTemporaryFolder()
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let (spoolFolder, erasureFolder) = (folder + "/spool", folder + "/erasures")
                let list = ErasureFolder(path: erasureFolder)
                let eraser = Eraser(store: store, folder: list, logger: logs.logger())
                let flows = ConnectFlows(
                    store: store,
                    provider: provider,
                    spool: try AnswerSpool(folder: spoolFolder),
                    tracing: access.tracing,
                    logger: logs.logger()
                )
                let readiness = readiness(store, traits.acceptsUnsafeServer, integrator, flows)
                let api = LedgerAPI(
                    store: store,
                    readiness: readiness,
                    flows: flows,
                    eraser: eraser,
                    maps: maps,
                    configuration: configuration(access),
                    tracing: access.tracing,
                    logger: logs.logger()
                )
                let service = try await started(
                    api,
                    (store, flows, readiness, maps),
                    (database, spoolFolder, erasureFolder, traits.hasAppKey),
                    sandbox,
                    logs
                )
                return try await lend(service, to: body)
            }
            result = .success(value)
        } catch {
            result = .failure(error)
        }
        try await provider.shutdown()
        await sandbox.remove()
        return try result.get()
    }

    private static func lend<Value: Sendable>(
        _ service: TestService,
        to body: (TestService) async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(service))
        } catch {
            result = .failure(error)
        }
        service.server.cancel()
        _ = await service.server.result
        return try result.get()
    }

    private static func readiness(
        _ store: LedgerStore,
        _ acceptsUnsafeServer: Bool,
        _ integrator: Integrator,
        _ flows: ConnectFlows
    ) -> Readiness {
        Readiness(
            store: store,
            acceptsUnsafeServer: acceptsUnsafeServer,
            sources: [{ integrator.conditions }, { flows.conditions }]
        )
    }

    private static func configuration(
        _ access: (tree: TreeAccess, rates: CallRates, tracing: Tracing)
    ) -> LedgerAPIConfiguration {
        LedgerAPIConfiguration(
            host: "127.0.0.1",
            port: 0,
            publicURL: nil,
            treeAccess: access.tree,
            rates: access.rates,
            console: [
                ShownSetting(name: "TOKEN_LEDGER_PORT", value: "0", origin: "flag")
            ]
        )
    }

    private static func client(_ limits: HumanConnectClient.Configuration) -> HumanConnectClient {
        var limits = limits
        // A loaded machine is slow to connect, and no test is about that limit.
        limits.connectTimeMax = .seconds(30)
        return HumanConnectClient(configuration: limits)
    }

    private static func started(
        _ api: LedgerAPI,
        _ parts: (
            store: LedgerStore, flows: ConnectFlows, readiness: Readiness, maps: [MapKeeper]
        ),
        _ places: (
            database: TestStore, spoolFolder: String, erasureFolder: String, hasAppKey: Bool
        ),
        _ sandbox: TestSandbox,
        _ logs: LogMemory
    ) async throws -> TestService {
        let database = places.database
        let store = database.store
        let owner = database.owner
        let own = try await register(
            TestSandbox.ownApp,
            hasAppKey: places.hasAppKey,
            database,
            await sandbox.url
        )
        let foreign = try await register(TestSandbox.foreignApp, database, await sandbox.url)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let group = ServiceGroup(
            services: [api.service { continuation.yield($0) }],
            logger: logs.logger()
        )
        let server = Task {
            defer { continuation.finish() }
            try await group.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await server.value
            throw CancellationError()
        }
        return TestService(
            url: "http://127.0.0.1:\(port)",
            sandbox: sandbox,
            store: store,
            served: parts.store,
            owner: owner,
            owners: database.owners,
            rootKey: database.rootKey,
            spoolFolder: places.spoolFolder,
            erasureFolder: places.erasureFolder,
            app: own,
            foreignApp: foreign,
            key: try await key(of: own, Scope.allCases, store, owner),
            foreignKey: try await key(of: foreign, Scope.allCases, store, owner),
            logs: logs,
            flows: parts.flows,
            readiness: parts.readiness,
            maps: parts.maps,
            api: api,
            server: server,
            beginShutdown: { await group.triggerGracefulShutdown() }
        )
    }

    private static func register(
        _ app: SandboxApp,
        hasAppKey: Bool = true,
        _ database: TestStore,
        _ url: String
    ) async throws -> StoredApp {
        let store = database.store
        _ = try await store.add(
            NewApp(
                clientID: app.clientID,
                name: app.name,
                clientSecret: app.clientSecret,
                appKey: hasAppKey ? app.appKey : nil,
                connectURL: url,
                userURL: url,
                apiURL: url,
                allowedOrigins: [origin, "http://localhost:3000"]
            ),
            context: RecordContext(actor: "operator"),
            owner: database.owners
        )
        guard let stored = try await store.app(clientID: app.clientID) else {
            throw StoreError.defect
        }
        return stored
    }

    private static func key(
        of app: StoredApp,
        _ scopes: [Scope],
        _ store: LedgerStore,
        _ owner: PostgresConfiguration
    ) async throws -> String {
        try await store.createAPIKey(
            of: app,
            NewAPIKey(scopes: scopes, isTest: true),
            context: RecordContext(actor: "operator"),
            owner: owner
        ).secret.exposed
    }

    /// A key of an app with one scope.
    func key(of app: StoredApp, _ scope: Scope) async throws -> String {
        try await Self.key(of: app, [scope], store, owner)
    }

    /// A key of the own app with these scopes.
    func key(_ scopes: Scope...) async throws -> String {
        try await Self.key(of: app, scopes, store, owner)
    }
}

// MARK: Requests

extension TestService {
    /// A call with a key; nil sends none.
    func call(
        _ method: HTTPMethod,
        _ path: String,
        key: String?,
        headers: [String: String] = [:],
        body: [UInt8]? = nil
    ) async throws -> TestAnswer {
        var headers = headers
        if let key { headers["Authorization"] = "Bearer " + key }
        return try await TestAnswer.send(method, url + path, headers: headers, body: body)
    }

    /// A call with the key of all scopes.
    func get(_ path: String, headers: [String: String] = [:]) async throws -> TestAnswer {
        try await call(.GET, path, key: key, headers: headers)
    }

    /// A JSON call with the key of all scopes.
    func post(
        _ path: String,
        _ body: String = "",
        headers: [String: String] = [:]
    ) async throws -> TestAnswer {
        var headers = headers
        if !body.isEmpty { headers["Content-Type"] = headers["Content-Type"] ?? "application/json" }
        return try await call(
            .POST,
            path,
            key: key,
            headers: headers,
            body: body.isEmpty ? nil : Array(body.utf8)
        )
    }

    func user(_ clientUserID: String, _ rest: String = "") -> String {
        "/v1/users/" + PercentCoding.encode(clientUserID, keeping: .unreserved) + rest
    }
}

extension Trait where Self == ParallelizationTrait {
    /// Each test of the suite runs a whole service with pools, sandbox and sockets.
    ///
    /// Two cores carry one of them for each suite, not one for each test.
    static var oneServiceAtATime: Self { .serialized }
}
