import ArgumentParser
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
            let compared = try await MapCommand.withKeeper(options) { own in
                try await MapCommand.withKeeper(there) { other in
                    try await own.compare(with: other, max: list.limit)
                }
            }
            json ? Self.tell(compared) : Self.say(compared)
            guard Self.areSame(compared) else { throw TokenLedger.verificationFailed }
        }

        private static func areSame(_ compared: MapComparison) -> Bool {
            compared.own.states == compared.other.states
                && compared.own.names == compared.other.names
        }

        private static func say(_ compared: MapComparison) {
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

        private static func tell(_ compared: MapComparison) {
            Terminal.result([
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
            ])
        }
    }
}
