import ArgumentParser

/// What `serve` goes by beside the environment and the file; `doctor` takes the same.
struct ServeOptions: ParsableArguments {
    /// Where to listen when nothing else is said.
    static let usualHost = "127.0.0.1"
    static let usualPort = 8080
    /// Where answers are kept when nothing else is said.
    static let usualSpoolFolder = "token-ledger-spool"

    @OptionGroup var service: ServiceDatabaseOptions

    @Option(help: "The address to listen on (TOKEN_LEDGER_HOST).")
    var host: String?

    @Option(help: "The port to listen on, 0 for any (TOKEN_LEDGER_PORT).")
    var port: Int?

    @Option(
        name: .customLong("metrics-address"),
        help: ArgumentHelp(
            """
            Where to answer GET /metrics, to everybody who reaches it: a port of 127.0.0.1, or an \
            address with a port; nowhere unless named (TOKEN_LEDGER_METRICS_ADDRESS).
            """,
            valueName: "[host:]port"
        )
    )
    var metricsAddress: String?

    @Option(
        name: .customLong("public-url"),
        help: "The URL under which pages reach the service (TOKEN_LEDGER_PUBLIC_URL)."
    )
    var publicURL: String?

    @Option(
        name: .customLong("tls-certificate-file"),
        help: """
            A PEM file with the certificate to listen with over TLS, and those that vouch for it; read \
            again when it changes (TOKEN_LEDGER_TLS_CERTIFICATE_FILE).
            """
    )
    var tlsCertificateFile: String?

    @Option(
        name: .customLong("tls-key-file"),
        help: "The PEM file with the certificate's key (TOKEN_LEDGER_TLS_KEY_FILE)."
    )
    var tlsKeyFile: String?

    @Option(
        name: .customLong("tls-client-certificates"),
        help: """
            Whether callers are asked for certificates of their own, to which API keys may be bound: "ask" \
            or "off", which it is unless set (TOKEN_LEDGER_TLS_CLIENT_CERTIFICATES).
            """
    )
    var tlsClientCertificates: String?

    @Option(
        name: .customLong("checkpoint-folder"),
        help: """
            A folder outside the database that keeps each log's last checkpoint, so that a restored \
            older database is noticed (TOKEN_LEDGER_CHECKPOINT_FOLDER).
            """
    )
    var checkpointFolder: String?

    @Option(
        name: .customLong("erasure-folder"),
        help: """
            A folder outside the database, and outside its backups, that lists who was erased, so \
            that a restored older database is noticed (TOKEN_LEDGER_ERASURE_FOLDER).
            """
    )
    var erasureFolder: String?

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

    @Option(
        name: .customLong("webhook-networks"),
        help: ArgumentHelp(
            """
            Networks of your own to which webhooks may go, also without TLS, such as 10.1.0.0/16; \
            otherwise they go to public addresses only, over TLS (TOKEN_LEDGER_WEBHOOK_NETWORKS).
            """,
            valueName: "cidr,cidr"
        )
    )
    var webhookNetworks: String?

    @Option(
        help: """
            Whether the pages of the console are served at /console: "on" or "off", which it is unless \
            set (TOKEN_LEDGER_CONSOLE).
            """
    )
    var console: String?

    @Flag(
        name: .customLong("accept-unsafe-server"),
        help: """
            Serve although the database server may lose or let be changed what was written; /readyz \
            still says so (TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER=true).
            """
    )
    var acceptUnsafeServer = false

    /// The settings, with these flags.
    func settings() async throws -> Settings {
        try await Settings.load(flags: flags)
    }

    /// What these flags set, with those of the database.
    var flags: [Setting: String?] {
        let own: [Setting: String?] = [
            .host: host, .port: port.map(String.init), .metricsAddress: metricsAddress,
            .publicURL: publicURL,
            .tlsCertificateFile: tlsCertificateFile, .tlsKeyFile: tlsKeyFile,
            .tlsClientCertificates: tlsClientCertificates,
            .checkpointFolder: checkpointFolder, .erasureFolder: erasureFolder,
            .spoolFolder: spoolFolder,
            .witnessPolicy: witnessPolicy, .treeAccess: treeAccess,
            .webhookNetworks: webhookNetworks, .console: console,
            .acceptUnsafeServer: acceptUnsafeServer ? "true" : nil,
        ]
        return own.merging(service.flags) { own, _ in own }
    }
}
