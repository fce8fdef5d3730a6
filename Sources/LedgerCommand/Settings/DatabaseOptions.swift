import ArgumentParser
import Ledger
import Postgres

/// The flags of commands that need the rights of the schema's owner.
struct OwnerDatabaseOptions: ParsableArguments {
    @Option(
        name: .customLong("owner-database-url-file"),
        help: "A file with the owner's connection string (TOKEN_LEDGER_OWNER_DATABASE_URL)."
    )
    var ownerDatabaseURLFile: String?

    @Option(name: .customLong("config-file"), help: "A JSON file with settings.")
    var configFile: String?

    func settings() async throws -> Settings {
        try await Settings.load(flags: [.configFile: configFile])
    }

    /// The owner's database.
    func database() async throws -> PostgresConfiguration {
        if let ownerDatabaseURLFile {
            return PostgresConfiguration(
                url: try Settings.secret(inFile: ownerDatabaseURLFile).exposed
            )
        }
        return try Self.database(try await settings())
    }

    /// The owner's database as settings alone name it.
    static func database(_ settings: Settings) throws -> PostgresConfiguration {
        let url = try settings.required(
            settings.secret(.ownerDatabaseURL),
            .ownerDatabaseURL,
            "It names the database with the rights of its owner."
        )
        return PostgresConfiguration(url: url.exposed)
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

    /// The settings, with further flags of the command.
    func settings(_ flags: [Setting: String?] = [:]) async throws -> Settings {
        var flags = flags
        flags[.rootKeyFile] = rootKeyFile
        flags[.configFile] = configFile
        flags[.logLevel] = logLevel
        return try await Settings.load(flags: flags)
    }

    /// The service's database.
    func database(_ settings: Settings) throws -> PostgresConfiguration {
        if let databaseURLFile {
            return PostgresConfiguration(url: try Settings.secret(inFile: databaseURLFile).exposed)
        }
        let url = try settings.required(
            settings.secret(.databaseURL),
            .databaseURL,
            "It names the database, such as postgresql://token_ledger@localhost/token_ledger."
        )
        return PostgresConfiguration(url: url.exposed)
    }
}
