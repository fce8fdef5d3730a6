import ArgumentParser
import LedgerAPI
import LedgerStack
import LedgerStore
import Logging
import Postgres
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

    /// Where to listen when nothing else is said.
    static let usualHost = "127.0.0.1"
    static let usualPort = 8080
    /// Where answers are kept when nothing else is said.
    static let usualSpoolFolder = "token-ledger-spool"

    @OptionGroup var options: ServiceDatabaseOptions

    @Option(help: "The address to listen on (TOKEN_LEDGER_HOST).")
    var host: String?

    @Option(help: "The port to listen on, 0 for any (TOKEN_LEDGER_PORT).")
    var port: Int?

    @Option(
        name: .customLong("public-url"),
        help: "The URL under which pages reach the service (TOKEN_LEDGER_PUBLIC_URL)."
    )
    var publicURL: String?

    @Option(
        name: .customLong("checkpoint-folder"),
        help: """
            A folder outside the database that keeps each log's last checkpoint, so that a restored \
            older database is noticed (TOKEN_LEDGER_CHECKPOINT_FOLDER).
            """
    )
    var checkpointFolder: String?

    @Option(
        name: .customLong("spool-folder"),
        help: """
            A folder of this copy's own that keeps the provider's answers, sealed, while the \
            database is away; "token-ledger-spool" where the program was started, unless named \
            (TOKEN_LEDGER_SPOOL_FOLDER).
            """
    )
    var spoolFolder: String?

    @Option(
        name: .customLong("witness-policy"),
        help: """
            A file that says which witnesses must have cosigned a checkpoint before it is published \
            (C2SP tlog-policy; TOKEN_LEDGER_WITNESS_POLICY).
            """
    )
    var witnessPolicy: String?

    @Option(
        name: .customLong("tree-access"),
        help: """
            Who may read checkpoints and tiles: "key" for API keys with the scope events:read, "open" \
            for everybody, which shows all apps' names and who read what (TOKEN_LEDGER_TREE_ACCESS).
            """
    )
    var treeAccess: String?

    @Flag(
        name: .customLong("accept-unsafe-server"),
        help: """
            Serve although the database server may lose or let be changed what was written; /readyz \
            still says so (TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER=true).
            """
    )
    var acceptUnsafeServer = false

    /// How long requests are still taken after the signal to end: proxies and orchestrators learn
    /// of the end within some seconds.
    private static let drainTime: Duration = .seconds(5)

    func run() async throws {
        let settings = try await options.settings([
            .host: host, .port: port.map(String.init), .publicURL: publicURL,
            .checkpointFolder: checkpointFolder, .spoolFolder: spoolFolder,
            .witnessPolicy: witnessPolicy, .treeAccess: treeAccess,
            .acceptUnsafeServer: acceptUnsafeServer ? "true" : nil,
        ])
        let logger = try ProgramLog.start(level: settings.text(.logLevel))
        let rootKey = try OpenedStore.rootKey(settings)
        let policy = try WitnessPolicy(settings)
        for line in policy?.skipped ?? [] { logger.warning("\(line)") }
        let acceptsUnsafeServer = try settings.flag(.acceptUnsafeServer)
        let database = try options.database(settings)
        let pool = PostgresPool(configuration: database, logger: logger)
        let host = try settings.text(.host) ?? Self.usualHost
        let configuration = LedgerAPIConfiguration(
            host: host,
            port: try settings.port(.port) ?? Self.usualPort,
            publicURL: try PublicURL.read(settings, listeningAt: host),
            treeAccess: try Self.treeAccess(settings),
            rates: try CallRates(settings)
        )
        let store = try await OpenedStore.waitFor(
            pool,
            database,
            rootKey: rootKey,
            logger: logger
        )
        try await Self.check(store, accepts: acceptsUnsafeServer, logger)
        try await ServiceRunner.withProvider { provider in
            let service = try LedgerService(
                store: store,
                pool: pool,
                database: database,
                provider: provider,
                configuration: configuration,
                spoolFolder: try settings.text(.spoolFolder) ?? Self.usualSpoolFolder,
                checkpointFolder: try settings.text(.checkpointFolder),
                witnessPolicy: policy,
                acceptsUnsafeServer: acceptsUnsafeServer,
                logger: logger
            )
            try await ServiceRunner.run(
                service.services(drainTime: Self.drainTime) { port in
                    logger.info("service listens", metadata: ["port": "\(port)"])
                },
                logger: logger
            )
        }
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

    private static func treeAccess(_ settings: Settings) throws -> TreeAccess {
        guard let text = try settings.text(.treeAccess) else { return .key }
        guard let access = TreeAccess(rawValue: text) else {
            throw CommandError("The tree access must be \"open\" or \"key\".")
        }
        return access
    }
}
