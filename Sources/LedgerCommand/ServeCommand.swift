import ArgumentParser
import Foundation
import LedgerAPI
import LedgerStack
import LedgerStore
import Logging
import Postgres
import Webhooks
import Witness

/// `token-ledger serve`: the service.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the service.",
        discussion: """
            Needs a migrated database (TOKEN_LEDGER_DATABASE_URL or …_FILE) and a root key \
            (TOKEN_LEDGER_ROOT_KEY_FILE). SIGTERM and SIGINT end it after the requests under way.
            """
    )

    @OptionGroup var options: ServeOptions

    /// How long requests are still taken after the signal to end: proxies and orchestrators learn
    /// of the end within some seconds.
    private static let drainTime: Duration = .seconds(5)

    func run() async throws {
        let settings = try await options.settings()
        let logger = try ProgramLog.start(level: settings.text(.logLevel))
        let rootKeys = try await RootKeySource.keys(settings)
        ProcessMemory.keepFromSwap()
        let policy = try WitnessPolicy(settings)
        for line in policy?.skipped ?? [] { logger.warning("\(line)") }
        let acceptsUnsafeServer = try settings.flag(.acceptUnsafeServer)
        let pools = LogPools(try await options.service.databases(settings), logger: logger)
        let metrics = try MetricsAddress(settings)?.listener(logger)
        let certificate = try ListenerCertificate(settings, logger: logger)
        let traces = TraceSettings().start(logger)
        let host = try settings.text(.host) ?? ServeOptions.usualHost
        let configuration = LedgerAPIConfiguration(
            host: host,
            port: try settings.port(.port) ?? ServeOptions.usualPort,
            publicURL: try PublicURL.read(
                settings,
                listeningAt: host,
                isSecure: certificate != nil
            ),
            tls: certificate?.tls,
            treeAccess: try TreeAccess(settings),
            rates: try CallRates(settings),
            webhooks: try WebhookAddresses(settings),
            console: try ConsoleChoice(settings) == .off
                ? nil
                : settings.shown(isDatabaseFlag: options.service.databaseURLFile != nil)
        )
        let store = try await OpenedStore.waitFor(pools, rootKeys: rootKeys, logger: logger)
        try await Self.check(store, accepts: acceptsUnsafeServer, logger)
        if certificate?.asksCallers != true { try await Self.warnOfBoundKeys(store, logger) }
        try await ServiceRunner.withProvider { provider in
            let service = try LedgerService(
                store: store,
                provider: provider,
                configuration: configuration,
                spoolFolder: try settings.text(.spoolFolder) ?? ServeOptions.usualSpoolFolder,
                checkpointFolder: try settings.text(.checkpointFolder),
                erasureFolder: try settings.text(.erasureFolder),
                witnessPolicy: policy,
                acceptsUnsafeServer: acceptsUnsafeServer,
                tracing: traces.tracing,
                exporter: traces.exporter,
                logger: logger
            )
            let manager = service.manager(
                environment: ProcessInfo.processInfo.environment,
                process: getpid()
            )
            try await ServiceRunner.run(
                service.services(drainTime: Self.drainTime, metrics: metrics) { port in
                    logger.info("service listens", metadata: ["port": "\(port)"])
                    manager?.tellReady()
                } + (certificate.map { [ServiceRunner.named("certificate", $0)] } ?? [])
                    // The last one is the first to hear of the end.
                    + (manager.map { [ServiceRunner.named("service manager", $0)] } ?? []),
                logger: logger
            )
        }
    }

    /// Says it if there are keys that cannot be used here.
    private static func warnOfBoundKeys(_ store: LedgerStore, _ logger: Logger) async throws {
        guard let refusal = try await BoundKeys(store).refusal else { return }
        logger.warning("\(refusal) \(BoundKeys.nextStep)")
    }

    /// Refuses a server on which what is written may be lost or changed, unless that is accepted.
    private static func check(_ store: LedgerStore, accepts: Bool, _ logger: Logger) async throws {
        let conditions = try await Readiness.unsafeConditions(of: store)
        let words = conditions.map { "\($0.sentence) \($0.nextStep)" }
        guard conditions.isEmpty || accepts else {
            throw CommandError(
                "The database server is not one to serve on. \(words.joined(separator: " ")) "
                    + "With --accept-unsafe-server the service starts all the same."
            )
        }
        for (condition, words) in zip(conditions, words) {
            logger.warning(
                "unsafe server",
                metadata: ["code": "\(condition.code)", "is": "\(words)"]
            )
        }
    }
}
