import ArgumentParser
import Ledger
import LedgerStore
import Postgres

/// The flags of commands that need the rights of the schema's owner.
struct OwnerDatabaseOptions: ParsableArguments {
    @Option(
        name: .customLong("owner-database-url-file"),
        help: """
            A file with the owner's connection string (TOKEN_LEDGER_OWNER_DATABASE_URL); verify \
            takes an auditor's too.
            """
    )
    var ownerDatabaseURLFile: String?

    @Option(name: .customLong("config-file"), help: "A JSON file with settings.")
    var configFile: String?

    /// The settings, with further flags of the command.
    func settings(_ flags: [Setting: String?] = [:]) async throws -> Settings {
        var flags = flags
        flags[.configFile] = configFile
        return try await Settings.load(flags: flags)
    }

    /// The owner's databases.
    func databases() async throws -> DatabaseMap {
        try await Self.databases(try await settings(), urlFile: ownerDatabaseURLFile)
    }

    /// The owner's database, for a command that works on one alone.
    func database() async throws -> PostgresConfiguration {
        try await databases().only()
    }

    /// The owner's databases, which a flag or settings name.
    static func databases(
        _ settings: Settings,
        urlFile: String? = nil
    ) async throws -> DatabaseMap {
        try await settings.databases(
            .ownerDatabaseURL,
            .ownerDatabaseMap,
            urlFile: urlFile,
            hint: "It names the database with the rights of its owner."
        )
    }
}

/// The flags of commands that work as the service does.
struct ServiceDatabaseOptions: ParsableArguments {
    @Option(
        name: .customLong("database-url-file"),
        help: "A file with the service's connection string (TOKEN_LEDGER_DATABASE_URL)."
    )
    var databaseURLFile: String?

    @Option(
        name: .customLong("root-key-file"),
        help: "The file with the root key (TOKEN_LEDGER_ROOT_KEY_FILE)."
    )
    var rootKeyFile: String?

    @Option(name: .customLong("config-file"), help: "A JSON file with settings.")
    var configFile: String?

    @Option(
        name: .customLong("log-level"),
        help: "trace, debug, info, notice, warning, error or critical."
    )
    var logLevel: String?

    /// The settings.
    func settings() async throws -> Settings {
        try await Settings.load(flags: flags)
    }

    /// What these flags set.
    var flags: [Setting: String?] {
        [.rootKeyFile: rootKeyFile, .configFile: configFile, .logLevel: logLevel]
    }

    /// The service's databases.
    func databases(_ settings: Settings) async throws -> DatabaseMap {
        try await Self.databases(settings, urlFile: databaseURLFile)
    }

    /// The service's databases, which a flag or settings name.
    static func databases(
        _ settings: Settings,
        urlFile: String? = nil
    ) async throws -> DatabaseMap {
        try await settings.databases(
            .databaseURL,
            .databaseMap,
            urlFile: urlFile,
            hint: "It names the database, such as postgresql://token_ledger@localhost/token_ledger."
        )
    }
}

extension DatabaseMap {
    /// The one database that there is.
    func only() throws(CommandError) -> PostgresConfiguration {
        guard parts.count == 1 else {
            throw CommandError(
                "This command works on one database, and a map names \(parts.count): name one of them "
                    + "by its connection string."
            )
        }
        return first
    }
}

extension Settings {
    /// The databases that a file of a flag names, or the settings of a connection string or of a map.
    fileprivate func databases(
        _ url: Setting,
        _ map: Setting,
        urlFile: String?,
        hint: String
    ) async throws -> DatabaseMap {
        if let urlFile {
            return DatabaseMap(try await database(try Settings.secret(inFile: urlFile)))
        }
        let (named, mapped) = (try secret(url), try secret(map))
        guard let mapped else {
            return DatabaseMap(try await database(try required(named, url, hint)))
        }
        guard named == nil else {
            throw CommandError(
                "Both \(url.environmentName) and \(map.environmentName) are set; one is needed."
            )
        }
        do {
            return try await DatabaseMapText(mapped).map { try await database($0) }
        } catch let error as DatabaseMapError {
            throw CommandError("\(map.environmentName) is no map of databases: \(error).")
        }
    }

    /// The database of a connection string, which nobody in the network may read along with or stand
    /// in for, unless the network is trusted.
    func database(_ url: Secret) async throws -> PostgresConfiguration {
        let database = PostgresConfiguration(url: url.exposed)
        guard try !flag(.trustDatabaseNetwork), await database.isExposed() else {
            return database
        }
        throw CommandError(
            "The database is on another host, and its connection string does not say "
                + "sslmode=verify-full (and sslrootcert): whoever is in the network between could "
                + "read along, or stand in its place. Where that is nobody, say so with "
                + "\(Setting.trustDatabaseNetwork.environmentName)=true."
        )
    }
}
