/// One setting, by its name in the configuration file.
///
/// The environment has the same words, in capitals after `TOKEN_LEDGER_`. A secret may also stand
/// in a file of its own, which the setting with `File` (`_FILE`) at the end names.
enum Setting: String, CaseIterable {
    /// Where the service finds its database.
    case databaseURL = "databaseUrl"
    /// The same database with the rights of the schema's owner, for `migrate` and its like.
    case ownerDatabaseURL = "ownerDatabaseUrl"
    /// Which of several databases has which pairs of logs, with the service's rights, and with the owner's.
    case databaseMap
    case ownerDatabaseMap
    /// Whether nobody is in the network between the program and a database on another host.
    case trustDatabaseNetwork
    /// The file with the root key.
    case rootKeyFile
    /// The program, with its arguments, that prints the root key.
    case rootKeyCommand
    /// While the root key is changed: the file with another one that only opens.
    case otherRootKeyFile
    case otherRootKeyCommand
    /// The folder outside the database that keeps the last checkpoints.
    case checkpointFolder
    /// The folder outside the database that lists who was erased.
    case erasureFolder
    /// The folder that keeps the provider's answers while the database is away.
    case spoolFolder
    /// The file that says which witnesses must have cosigned a checkpoint (C2SP tlog-policy).
    case witnessPolicy
    case host
    case port
    /// Where metrics are answered, if anywhere.
    case metricsAddress
    /// The URL under which browsers and backends reach the service.
    case publicURL = "publicUrl"
    /// The file with the listener's certificate, and those that vouch for it.
    case tlsCertificateFile
    /// The file with the certificate's key.
    case tlsKeyFile
    /// Whether callers are asked for certificates of their own.
    case tlsClientCertificates
    /// Who may read checkpoints and tiles.
    case treeAccess
    /// Whether the pages of the console are served.
    case console
    /// How many calls a second one API key may make.
    case keyRate
    /// How many calls a second one address may make without a valid key.
    case addressRate
    /// How many calls a second one launch token may make.
    case launchRate
    /// How many users an hour one API key may make.
    case newUserRate
    /// Networks of the operator's own to which webhooks may go.
    case webhookNetworks
    /// Whether to serve on a server that may lose what was written.
    case acceptUnsafeServer
    case logLevel
    /// The configuration file itself; stands in the environment or on the command line.
    case configFile
    /// An app's client secret at the provider.
    case clientSecret
    /// An app's App Key at the provider.
    case appKey
    /// Where the sandbox keeps its state.
    case stateFile
    /// The sandbox's app.
    case clientID = "clientId"

    var isSecret: Bool {
        switch self {
        case .databaseURL, .ownerDatabaseURL, .databaseMap, .ownerDatabaseMap, .clientSecret,
            .appKey:
            true
        default: false
        }
    }

    /// What a value is; in the file it may stand as that or as a text.
    enum Form {
        case text, number, flag
    }

    var form: Form {
        switch self {
        case .port, .keyRate, .addressRate, .launchRate, .newUserRate: .number
        case .trustDatabaseNetwork, .acceptUnsafeServer: .flag
        default: .text
        }
    }

    static let prefix = "TOKEN_LEDGER_"

    /// The names that a file or the environment may hold.
    static let names = Set(
        allCases.flatMap { setting in
            setting.isSecret ? [setting.rawValue, setting.fileName] : [setting.rawValue]
        }
    )

    /// The name of the setting that names a secret's file.
    var fileName: String { rawValue + "File" }

    /// `databaseUrl` is `TOKEN_LEDGER_DATABASE_URL` in the environment.
    static func environmentName(_ name: String) -> String {
        prefix + name.map { $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
    }

    var environmentName: String { Self.environmentName(rawValue) }
}
