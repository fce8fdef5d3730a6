import ArgumentParser
import Ledger
import LedgerStore
import Wire

/// `token-ledger user`: the people behind the pseudonyms.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "An app's users: who they are, one's story and its end.",
        subcommands: [
            List.self, History.self, Prove.self, Erase.self, Hold.self, Release.self,
        ]
    )

    /// `token-ledger user history`: everything that happened to a user, and which token was held
    /// when.
    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "history",
            abstract: "Show what happened to a user, and which token was held when.",
            discussion: """
                Works on the database as the service does (TOKEN_LEDGER_DATABASE_URL or …_FILE, \
                TOKEN_LEDGER_ROOT_KEY_FILE). Tokens are named by version and keyed fingerprint; \
                no value is shown.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var person: PersonOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let (user, events, logs) = try await OpenedStore.atWork(options) { store in
                let (user, _) = try await person.named(store, evenErased: true)
                return (user, try await store.wholeHistory(of: user), store.logs)
            }
            var records: [(position: Int64, record: Record?)] = []
            for event in events { records.append((event.position, try event.genuineRecord())) }
            let holdings = try TokenHolding.list(events.flatMap { try $0.steps() })
            if json {
                Terminal.result(try Self.document(user, events, holdings))
            } else {
                // The positions are those of the log where the user is.
                let place = logs.pairs > 1 ? ", in the log \(user.log.ownName)" : ""
                Terminal.result("subject \(user.subject), \(user.state.status.rawValue)\(place)")
                Terminal.result("")
                Self.show(records, holdings)
                let cold = events.reduce(0) { $0 + $1.coldBefore }
                if cold > 0 {
                    Terminal.message(
                        "\(cold) launches, or reports of launches, are not in this list: they are cold history "
                            + "(token-ledger history status)."
                    )
                }
            }
        }

        private static func show(
            _ records: [(position: Int64, record: Record?)],
            _ holdings: [TokenHolding]
        ) {
            Terminal.result(
                TextTable.rows(
                    [["POSITION", "VERSION", "TIME", "EVENT", "ACTOR"]]
                        + records.map { position, record in
                            guard let record else {
                                return ["\(position)", "", "", "not written by the service", ""]
                            }
                            return [
                                "\(position)", "\(record.subjectVersion ?? 0)", "\(record.time)",
                                "\(record.event.type)", record.actor,
                            ]
                        }
                )
            )
            Terminal.result("")
            Terminal.result(
                TextTable.rows(
                    [["TOKEN", "VERSION", "FINGERPRINT", "HELD FROM", "UNTIL"]]
                        + holdings.map { holding in
                            [
                                holding.kind.rawValue, "\(holding.version)",
                                "\(holding.fingerprint)",
                                text(holding.from), holding.until.map(text) ?? "now",
                            ]
                        }
                )
            )
        }

        private static func text(_ moment: TokenHolding.Moment) -> String {
            "\(moment.time) (position \(moment.position))"
        }

        private static func document(
            _ user: StoredUser,
            _ events: [StoredEvent],
            _ holdings: [TokenHolding]
        ) throws -> JSONValue {
            [
                "subject": .string("\(user.subject)"),
                "status": .string(user.state.status.rawValue),
                "log": .string(user.log.name),
                // How many are not in the list: launches that are cold history.
                "cold_events": .number("\(events.reduce(0) { $0 + $1.coldBefore })"),
                "events": .array(
                    try events.map { event in
                        [
                            "position": .number(String(event.position)),
                            "forged": .bool(event.isForged),
                            "event": try JSONParser.parse(event.bytes, depthMax: 8),
                        ]
                    }
                ),
                "tokens": .array(
                    holdings.map { holding in
                        [
                            "kind": .string(holding.kind.rawValue),
                            "version": .number(String(holding.version)),
                            "fingerprint": .string("\(holding.fingerprint)"),
                            "from": document(holding.from),
                            "until": holding.until.map(document) ?? .null,
                        ]
                    }
                ),
            ]
        }

        private static func document(_ moment: TokenHolding.Moment) -> JSONValue {
            [
                "position": .number(String(moment.position)),
                "time": .string("\(moment.time)"),
            ]
        }
    }
}
