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
            own keys, once. Several databases (TOKEN_LEDGER_OWNER_DATABASE_MAP or …_FILE) are brought \
            to it one after the other, and have the logs that the map gives them. With more logs of \
            facts than there are (--fact-logs, or the map) further ones are added, while no copy of the \
            service runs. With --citus the logs of a database without events are spread over the nodes of \
            a Citus cluster; one that is distributed already stays so.
            """
    )

    @OptionGroup var options: OwnerDatabaseOptions

    @Option(
        name: .customLong("grant-to"),
        help: "A login role that shall work as the service; it must exist."
    )
    var grantTo: String?

    @OptionGroup var factLogs: FactLogsOptions

    @Flag(help: "Spread the logs over the nodes of a Citus cluster.")
    var citus = false

    @Flag(help: "Print one JSON document.")
    var json = false

    func run() async throws {
        let databases = try await options.databases()
        var applied: [Int32] = []
        var open: [String] = []
        for part in databases.parts {
            let numbers = try await DatabaseFailure.explaining(databases) {
                try await Migrator.migrate(part.database)
            }
            applied += numbers.filter { !applied.contains($0) }
        }
        let logs = try await makeLogs(on: databases)
        for part in databases.parts {
            if citus { try await Migrator.distribute(part.database) }
            if let grantTo { try await Migrator.grantService(to: grantTo, on: part.database) }
            open += try await Migrator.openToEverybody(on: part.database).map {
                databases.saysPairs ? "/* database of \(part.name) */ \($0)" : $0
            }
        }
        var hasMadeKeys = false
        if let rootKeys = try await RootKeySource.keysIfAny(try await options.settings()) {
            hasMadeKeys = try await Migrator.makeKeys(rootKeys, on: databases)
        }
        try await AppCopies.write(on: databases)
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
        if let logs { Terminal.message(Self.sentence(logs, databases)) }
        if citus { Terminal.message("Its logs are spread over the nodes of the cluster.") }
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

    /// Makes the logs that are asked for, which may be further ones; nil where none are.
    private func makeLogs(on databases: DatabaseMap) async throws -> Logs? {
        guard let pairs = try pairs(of: databases) else { return nil }
        let logs = try await Migrator.logs(pairs: pairs, on: databases)
        try await Migrator.makeLogs(logs, on: databases)
        return logs
    }

    /// How many pairs of logs there shall be; nil for those that there are.
    private func pairs(of databases: DatabaseMap) throws -> Int? {
        guard let mapped = databases.pairs else { return factLogs.logs?.pairs }
        if let asked = factLogs.logs?.pairs, asked != mapped {
            throw CommandError(
                "The map names \(mapped) pairs of logs, and --fact-logs asks for \(asked)."
            )
        }
        return mapped
    }

    private static func sentence(_ logs: Logs, _ databases: DatabaseMap) -> String {
        let count = databases.parts.count
        let words = "\(logs.pairs) log\(logs.pairs == 1 ? "" : "s") of facts"
        let sentence = count == 1 ? "It has \(words)." : "The \(count) databases have \(words)."
        guard logs.closedPairs > 0 else { return sentence }
        return sentence + " Who is new belongs to one of the last \(logs.pairs - logs.closedPairs)."
    }
}
