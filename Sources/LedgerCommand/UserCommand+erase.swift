import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Logging
import Wire

extension UserCommand {
    /// `token-ledger user erase`: everything that is kept of a user goes, for good.
    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "erase",
            abstract: "Erase a user, or again all who were erased before a restore.",
            discussion: """
                Works on the database as the service does (TOKEN_LEDGER_DATABASE_URL or …_FILE, \
                TOKEN_LEDGER_ROOT_KEY_FILE). The user's key and values are gone at once, in every \
                copy of the service; the log and its proofs stay. The receipt is proved by the next \
                checkpoint, which the running service signs, and is kept in the erasure folder \
                (TOKEN_LEDGER_ERASURE_FOLDER) if there is one.

                After an older backup was restored: --from the erasure folder erases all whom it \
                lists again. It can be run again and again.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var person: PersonOptions

        @Option(help: ArgumentHelp("Erase all whom this folder lists.", valueName: "folder"))
        var from: String?

        @Flag(help: "Erase; without this the command only says who would be.")
        var yes = false

        @Flag(help: "Print the receipt, or what --from did, as one JSON document.")
        var json = false

        func validate() throws {
            guard from == nil || person.user == nil && person.subject == nil else {
                throw ValidationError("--from names who is erased; so do --user and --subject.")
            }
        }

        func run() async throws {
            let settings = try await options.settings()
            let folder = try settings.text(.erasureFolder).map { ErasureFolder(path: $0) }
            try await OpenedStore.atWork(options) { store in
                let eraser = Eraser(store: store, folder: folder, logger: store.logger)
                if let from {
                    try await again(ErasureFolder(path: from), eraser)
                } else {
                    try await erase(store, eraser)
                }
            }
        }

        private func erase(_ store: LedgerStore, _ eraser: Eraser) async throws {
            let (user, app) = try await person.named(store)
            guard yes else {
                throw CommandError(
                    "Subject \(user.subject) of the app \(app.clientID), "
                        + "\(user.state.status.rawValue), would be erased, and nobody could undo "
                        + "it. Nothing was changed; --yes does it."
                )
            }
            let erasure: Erasure
            do {
                erasure = try await eraser.erase(user, of: app, context: .byOperator)
            } catch ErasureError.held {
                throw CommandError(
                    "A hold keeps this user from being erased; token-ledger user release ends it."
                )
            } catch ErasureError.unknown {
                throw CommandError("The user was erased meanwhile.")
            }
            if json {
                Terminal.result(String(decoding: erasure.encoded, as: UTF8.self))
            } else {
                Terminal.result("erased subject \(user.subject) at position \(erasure.position)")
            }
            if case .recorded = erasure {
                Terminal.message(
                    "Not proved yet, or not listed: the service does both with its next "
                        + "checkpoint. GET /v1/events/\(erasure.position)/proof has the proof then."
                )
            }
        }

        // MARK: After a restore

        private func again(_ folder: ErasureFolder, _ eraser: Eraser) async throws {
            guard folder.isThere else {
                throw CommandError("There is no such folder: nobody is known to have been erased.")
            }
            let outcome = try await ErasureList(folder).reapply(eraser)
            for (subject, error) in outcome.refused {
                Terminal.message("Not erased: subject \(subject). Its file: \(error).")
            }
            show(outcome.erased, outcome.unchanged)
            guard outcome.refused.isEmpty else {
                throw CommandError(
                    "\(outcome.refused.count) files of the folder prove nothing to this database."
                )
            }
        }

        private func show(
            _ erased: [(subject: Identifier, position: Int64)],
            _ unchanged: Int
        ) {
            guard !json else {
                let rows = erased.map { subject, position -> JSONValue in
                    [
                        "subject": .string("\(subject)"), "position": .number("\(position)"),
                    ]
                }
                return Terminal.result(
                    ["erased": .array(rows), "unchanged": .number("\(unchanged)")]
                )
            }
            for (subject, position) in erased {
                Terminal.result("erased subject \(subject) again, at position \(position)")
            }
            Terminal.result(
                "\(erased.count) erased again; \(unchanged) were erased already, or are not here"
            )
        }
    }
}
