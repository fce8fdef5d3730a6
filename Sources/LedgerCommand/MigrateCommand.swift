import ArgumentParser
import Ledger
import LedgerStore
import Wire

/// `token-ledger migrate`: brings a database to the schema of this program.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring a database to this program's schema.",
        discussion: """
            Needs the rights of the schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE). \
            Prints the numbers of the migrations that it applied; without any there was nothing \
            to do. With the root key (TOKEN_LEDGER_ROOT_KEY_FILE) it also makes the deployment's \
            own keys, once.
            """
    )

    @OptionGroup var options: OwnerDatabaseOptions

    @Option(
        name: .customLong("grant-to"),
        help: "A login role that shall work as the service; it must exist."
    )
    var grantTo: String?

    @OptionGroup var factLogs: FactLogsOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let database = try await options.database()
        let applied = try await DatabaseFailure.explaining(database) {
            try await Migrator.migrate(database)
        }
        if let logs = factLogs.logs { try await Migrator.makeLogs(logs, on: database) }
        if let grantTo { try await Migrator.grantService(to: grantTo, on: database) }
        var hasMadeKeys = false
        if let rootKeys = try await RootKeySource.keysIfAny(try await options.settings()) {
            hasMadeKeys = try await Migrator.makeKeys(rootKeys, on: database)
        }
        let open = try await Migrator.openToEverybody(on: database)
        if json {
            Terminal.result([
                "applied": .array(applied.map { .number(String($0)) }),
                "number": .number(String(SchemaCheck.known)),
                "keys_made": .bool(hasMadeKeys),
                "to_revoke": .array(open.map { .string($0) }),
            ])
            return
        }
        for number in applied { Terminal.result("\(number)") }
        Terminal.message(
            applied.isEmpty
                ? "The database stands at migration \(SchemaCheck.known) already."
                : "The database stands at migration \(SchemaCheck.known) now."
        )
        if let logs = factLogs.logs { Terminal.message("It has \(logs.pairs) logs of facts.") }
        if let grantTo { Terminal.message("\(grantTo) may work as the service.") }
        if hasMadeKeys { Terminal.message("The deployment's own keys are made.") }
        if !open.isEmpty {
            Terminal.message(
                "Everybody who may connect can still fill the server's disk, and the owner may not "
                    + "change that. Let an administrator run in this database: "
                    + open.map { "\($0);" }.joined(separator: " ")
            )
        }
    }
}
