/// One setting, by its name in the configuration file.
///
/// The environment has the same words, in capitals after `TOKEN_LEDGER_`. A secret may also stand
/// in a file of its own, which the setting with `File` (`_FILE`) at the end names.
enum Setting: String, CaseIterable {
    /// Where the service finds its database.
    case databaseURL = "databaseUrl"
    /// The same database with the rights of the schema's owner, for `migrate` and its like.
    case ownerDatabaseURL = "ownerDatabaseUrl"
    /// The file with the root key.
    case rootKeyFile
    /// The folder outside the database that keeps the last checkpoints.
    case checkpointFolder
    /// The folder that keeps the provider's answers while the database is away.
    case spoolFolder
    /// The file that says which witnesses must have cosigned a checkpoint (C2SP tlog-policy).
    case witnessPolicy
    case host
    case port
    /// The URL under which browsers and backends reach the service.
    case publicURL = "publicUrl"
    /// Who may read checkpoints and tiles.
    case treeAccess
    /// How many calls a second one API key may make.
    case keyRate
    /// How many calls a second one address may make without a valid key.
    case addressRate
    /// How many calls a second one launch token may make.
    case launchRate
    /// How many users an hour one API key may make.
    case newUserRate
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
        case .databaseURL, .ownerDatabaseURL, .clientSecret, .appKey: true
        default: false
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
