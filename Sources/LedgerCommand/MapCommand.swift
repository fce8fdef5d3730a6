import ArgumentParser
import Ledger
import LedgerStore
import MerkleLog
import Postgres
import StateMap
import Wire

/// `token-ledger map`: the map of what is current.
struct MapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map",
        abstract: "The map of what is current.",
        subcommands: [Root.self, Compare.self]
    )

    /// `token-ledger map root`: one number for all states.
    struct Root: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "root",
            abstract:
                "Print the roots of the maps of states and names, made anew of this database.",
            discussion: """
                Two databases with the same log have the same roots at the same number of facts, and so \
                has one that was restored. Works on the database as the service does \
                (TOKEN_LEDGER_DATABASE_URL or …_FILE, TOKEN_LEDGER_ROOT_KEY_FILE).
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let made = try await MapCommand.withKeepers(options) { keepers in
                var made: [MadeMaps] = []
                for keeper in keepers { made.append(try await keeper.makeOnce()) }
                return made
            }
            guard !json else { return MapCommand.tell(made.map(MapCommand.document)) }
            for made in made {
                if made.log.pair > 0 { Terminal.result("log    \(made.log.name)") }
                Terminal.result("facts  \(made.size)")
                Terminal.result("states \(made.states)")
                Terminal.result("names  \(made.names)")
            }
        }
    }

    /// Lends what makes the maps of a database, pair by pair, with time for reading all of it.
    static func withKeepers<Value: Sendable>(
        _ options: ServiceDatabaseOptions,
        _ body: ([MapKeeper]) async throws -> Value
    ) async throws -> Value {
        let opened = try await OpenedStore.open(options)
        defer { opened.close() }
        let (store, databases) = (opened.store, opened.databases.map(\.withLongLimits))
        let pools = LogPools(databases, logger: store.logger)
        defer { pools.close() }
        return try await body(MapKeeper.all(of: store, pools: pools, logger: store.logger))
    }

    /// Prints what is said of each pair of logs: of one, the document itself.
    static func tell(_ documents: [JSONValue]) {
        Terminal.result(documents.count == 1 ? documents[0] : ["pairs": .array(documents)])
    }

    static func document(_ made: MadeMaps) -> JSONValue {
        [
            "facts": .number(String(made.size)), "states": document(made.states),
            "names": document(made.names),
        ]
    }

    private static func document(_ map: MapStatement.Map) -> JSONValue {
        ["count": .number(String(map.count)), "root": .string(map.root.description)]
    }
}
