import ArgumentParser
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
            to do.
            """
    )

    @OptionGroup var options: OwnerDatabaseOptions

    @Option(
        name: .customLong("grant-to"),
        help: "A login role that shall work as the service; it must exist."
    )
    var grantTo: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let database = try await options.database()
        let applied = try await DatabaseFailure.explaining(database) {
            try await Migrator.migrate(database)
        }
        if let grantTo { try await Migrator.grantService(to: grantTo, on: database) }
        if json {
            Terminal.result([
                "applied": .array(applied.map { .number(String($0)) }),
                "number": .number(String(SchemaCheck.known)),
            ])
            return
        }
        for number in applied { Terminal.result("\(number)") }
        Terminal.message(
            applied.isEmpty
                ? "The database stands at migration \(SchemaCheck.known) already."
                : "The database stands at migration \(SchemaCheck.known) now."
        )
        if let grantTo { Terminal.message("\(grantTo) may work as the service.") }
    }
}
