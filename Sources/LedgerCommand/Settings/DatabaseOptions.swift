import ArgumentParser
import Ledger
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

    /// The owner's database.
    func database() async throws -> PostgresConfiguration {
        let settings = try await settings()
        guard let ownerDatabaseURLFile else { return try await Self.database(settings) }
        return try await settings.database(try Settings.secret(inFile: ownerDatabaseURLFile))
    }

    /// The owner's database as settings alone name it.
    static func database(_ settings: Settings) async throws -> PostgresConfiguration {
        let url = try settings.required(
            settings.secret(.ownerDatabaseURL),
            .ownerDatabaseURL,
            "It names the database with the rights of its owner."
        )
        return try await settings.database(url)
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

    /// The service's database.
    func database(_ settings: Settings) async throws -> PostgresConfiguration {
        if let databaseURLFile {
            return try await settings.database(try Settings.secret(inFile: databaseURLFile))
        }
        let url = try settings.required(
            settings.secret(.databaseURL),
            .databaseURL,
            "It names the database, such as postgresql://token_ledger@localhost/token_ledger."
        )
        return try await settings.database(url)
    }
}

extension Settings {
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
