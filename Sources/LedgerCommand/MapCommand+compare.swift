import ArgumentParser
import Ledger
import LedgerStore
import Wire

extension MapCommand {
    /// `token-ledger map compare`: who has another state in another database.
    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare",
            abstract: "Compare the maps of two databases, and name the users who differ.",
            discussion: """
                Both databases are of one deployment, such as a replica or one that was restored, and \
                have the same root key. Roots are compared first; where they differ, the way down leads \
                to the users. Ends with 6 where anything differs.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(
            name: .customLong("other-database-url-file"),
            help: "A file with the connection string of the other database."
        )
        var otherDatabaseURLFile: String

        @OptionGroup var list: ListLimit

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            var there = options
            there.databaseURLFile = otherDatabaseURLFile
            let compared = try await MapCommand.withKeepers(options) { own in
                try await MapCommand.withKeepers(there) { other in
                    try await Self.compare(own, other, max: list.limit)
                }
            }
            if json {
                MapCommand.tell(compared.map(Self.document))
            } else {
                for compared in compared { Self.say(compared) }
            }
            guard compared.allSatisfy(Self.areSame) else { throw TokenLedger.verificationFailed }
        }

        /// Pair by pair, so that the maps of one are in memory at a time.
        private static func compare(
            _ own: [MapKeeper],
            _ other: [MapKeeper],
            max: Int
        ) async throws -> [MapComparison] {
            guard own.count == other.count else {
                throw CommandError(
                    "Here are \(own.count) pairs of logs and there \(other.count): these are two ledgers."
                )
            }
            var compared: [MapComparison] = []
            for (own, other) in zip(own, other) {
                compared.append(try await own.compare(with: other, max: max))
            }
            return compared
        }

        private static func areSame(_ compared: MapComparison) -> Bool {
            compared.own.states == compared.other.states
                && compared.own.names == compared.other.names
        }

        private static func say(_ compared: MapComparison) {
            if compared.own.log.pair > 0 { Terminal.result("log    \(compared.own.log.name)") }
            for (place, made) in [("here ", compared.own), ("there", compared.other)] {
                Terminal.result("\(place)  facts \(made.size)  states \(made.states)")
            }
            guard !areSame(compared) else {
                return Terminal.result("Every user has the same state in both.")
            }
            if compared.differences.isEmpty {
                return Terminal.result("The states are the same, and the names are not.")
            }
            Terminal.result(
                TextTable.rows(
                    [["SUBJECT", "STATE"]]
                        + compared.differences.map { difference in
                            [
                                difference.subject.map { "\($0)" } ?? "(no row)",
                                difference.kind.rawValue.replacing("_", with: " "),
                            ]
                        }
                )
            )
            if compared.isCut { Terminal.message("There are more: --limit names more of them.") }
            if compared.own.size != compared.other.size {
                Terminal.message("The logs have other sizes: who had events since differs.")
            }
        }

        private static func document(_ compared: MapComparison) -> JSONValue {
            [
                "here": MapCommand.document(compared.own),
                "there": MapCommand.document(compared.other),
                "are_same": .bool(areSame(compared)),
                "differences": .array(
                    compared.differences.map { difference in
                        let subject = difference.subject.map { JSONValue.string("\($0)") }
                        return [
                            "subject": subject ?? .null, "kind": .string(difference.kind.rawValue),
                        ]
                    }
                ),
                "is_cut": .bool(compared.isCut),
            ]
        }
    }
}
