import Console
import DurableFiles
import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerAPI
import LedgerStack
import LedgerStore
import Logging
import Postgres
import ServiceLifecycle
import Webhooks
import Wire
import Witness

/// Everything on one machine: PostgreSQL, the sandbox provider, the service and the demo page.
struct DevStack: Sendable {
    let ledger: PrivateLedger
    let identity: DevIdentity
    /// Absolute.
    let folder: String
    private let metricsPort: Int
    private let witnessPolicy: WitnessPolicy?

    /// Starts all of it, works once everything answers, and ends it in order.
    ///
    /// The folder is made when it is missing, and left in place. The end of `body` ends everything;
    /// SIGTERM and SIGINT cancel it.
    static func run(
        folder: String,
        logs: Logs? = nil,
        ports: DevIdentity.Ports,
        witnessPolicy: WitnessPolicy? = nil,
        logger: Logger,
        _ body: @escaping @Sendable (DevStack) async throws -> Void
    ) async throws {
        let folder = URL(fileURLWithPath: folder).standardizedFileURL.path
        try await PrivateLedger.run(folder: folder, logs: logs, logger: logger) { ledger in
            var identity = try await DevIdentity.open(folder, ports: ports)
            // Before the app is registered, so that an interrupted first run knows its secret.
            try identity.save(in: folder)
            try await identity.register(in: ledger)
            try identity.save(in: folder)
            // Who asks for any port is a script, and scripts run beside each other.
            let usual = ports.ledger == 0 ? nil : MetricsAddress.usualPort
            try await DevStack(
                ledger: ledger,
                identity: identity,
                folder: folder,
                metricsPort: try await LocalPort.free(usual: usual),
                witnessPolicy: witnessPolicy
            ).serve(logger, body)
        }
    }

    private func serve(
        _ logger: Logger,
        _ body: @escaping @Sendable (DevStack) async throws -> Void
    ) async throws {
        try await ServiceRunner.withProvider { try await serve($0, logger, body) }
    }

    private func serve(
        _ provider: HumanConnectClient,
        _ logger: Logger,
        _ body: @escaping @Sendable (DevStack) async throws -> Void
    ) async throws {
        try writeSettings()
        let traces = TraceSettings().start(logger)
        let service = try LedgerService(
            store: ledger.store,
            provider: provider,
            configuration: LedgerAPIConfiguration(
                host: LocalPort.host,
                port: identity.ledgerPort,
                publicURL: nil,
                webhooks: try WebhookAddresses(networks: Self.webhookNetworks),
                console: shownSettings
            ),
            spoolFolder: spoolFolder,
            checkpointFolder: checkpointFolder,
            erasureFolder: erasureFolder,
            witnessPolicy: witnessPolicy,
            tracing: traces.tracing,
            exporter: traces.exporter,
            logger: logger
        )
        let demo = DemoPage(
            DemoPage.Configuration(
                port: identity.demoPort,
                ledgerURL: identity.ledgerURL,
                sandboxURL: identity.sandboxURL,
                apiKeys: identity.apiKeys
            ),
            logger: logger
        )
        // The service asks the sandbox, and the demo page asks the service.
        try await ServiceRunner.run(
            [ServiceRunner.server("sandbox", try sandbox(logger))]
                + service.services(
                    metrics: MetricsListener(host: LocalPort.host, port: metricsPort)
                ) + [
                    ServiceRunner.server("demo page", demo.service),
                    ServiceRunner.work {
                        try await waitUntilReady()
                        try await body(self)
                    },
                ],
            logger: logger
        )
    }

    private func sandbox(_ logger: Logger) throws -> Sandbox {
        let app = SandboxApp(
            clientID: identity.clientID,
            clientSecret: Secret(identity.clientSecret),
            appKey: Secret(identity.appKey),
            name: "Demo app"
        )
        var configuration = SandboxConfiguration(apps: [app])
        configuration.host = LocalPort.host
        configuration.port = identity.sandboxPort
        configuration.stateFile = "\(folder)/sandbox.json"
        configuration.publicURL = identity.sandboxURL
        return try Sandbox(configuration: configuration, logger: logger)
    }

    private func waitUntilReady() async throws {
        let caller = HTTPCaller()
        try await caller.waitFor(identity.ledgerURL + "/readyz")
        try await caller.waitFor(identity.sandboxURL + "/sandbox/state")
        try await caller.waitFor(identity.demoURL + "/livez")
    }

    /// Where metrics are answered.
    var metricsURL: String { "http://\(LocalPort.host):\(metricsPort)/metrics" }

    /// The settings with which the other commands work on this database.
    var settingsFile: String { "\(folder)/settings.json" }

    private func writeSettings() throws {
        let settings: JSONValue = [
            Setting.databaseURL.rawValue: .string(ledger.service.url),
            Setting.ownerDatabaseURL.rawValue: .string(ledger.ownerURL),
            Setting.rootKeyFile.rawValue: .string(ledger.rootKeyFile),
            Setting.checkpointFolder.rawValue: .string(checkpointFolder),
            Setting.erasureFolder.rawValue: .string(erasureFolder),
            Setting.webhookNetworks.rawValue: .string(Self.webhookNetworks),
        ]
        try DurableFile.replace(settingsFile, with: settings.encoded, readers: .owner)
    }

    /// Receivers are on this machine, too.
    private static let webhookNetworks = "127.0.0.0/8,::1/128"

    /// What the console shows of how this service was started: nobody else has set anything.
    private var shownSettings: [ShownSetting] {
        let own: [Setting: String] = [
            .databaseURL: "set, not shown", .rootKeyFile: ledger.rootKeyFile,
            .checkpointFolder: checkpointFolder, .erasureFolder: erasureFolder,
            .spoolFolder: spoolFolder, .host: LocalPort.host, .port: "\(identity.ledgerPort)",
            .metricsAddress: "\(LocalPort.host):\(metricsPort)",
            .webhookNetworks: Self.webhookNetworks,
            .console: ConsoleChoice.on.rawValue,
        ]
        return Setting.ofServe.map { setting in
            ShownSetting(
                name: setting.environmentName,
                value: own[setting] ?? setting.usual,
                origin: own[setting] == nil ? SettingOrigin.usual.rawValue : "dev"
            )
        } + TraceSettings().shown
    }

    private var spoolFolder: String { "\(folder)/spool" }

    private var checkpointFolder: String { "\(folder)/checkpoints" }

    private var erasureFolder: String { "\(folder)/erasures" }

    /// The one document for scripts that start the stack.
    var readyDocument: JSONValue {
        [
            "ledger_url": .string(identity.ledgerURL),
            "sandbox_url": .string(identity.sandboxURL),
            "demo_url": .string(identity.demoURL),
            "metrics_url": .string(metricsURL),
            "client_id": .string(identity.clientID),
            "client_secret": .string(identity.clientSecret),
            "app_key": .string(identity.appKey),
            "database_url": .string(ledger.ownerURL),
            "settings_file": .string(settingsFile),
            "checkpoint_verifier_key": .string(ledger.store.checkpointVerifierKey),
            "api_keys": .object(
                DevIdentity.keys.map { key in
                    JSONValue.Member(key.name, .string(identity.apiKeys[key.name] ?? ""))
                }
            ),
        ]
    }
}
