import ArgumentParser
import Ledger
import LedgerStore
import MerkleLog
import Vault

/// `token-ledger history`: what of the logs is in the database, and what in bundles.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Moves the first records of a log out of the database, or back.",
        discussion: """
            What is moved out is cold history: its hashes stay, so that every proof still works, and its \
            records are in a bundle that you keep. The service may go on meanwhile. Needs the rights of the \
            schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE) and the root key.
            """,
        subcommands: [Status.self, Detach.self, Attach.self]
    )

    /// `token-ledger history status`: what is cold.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Say what is cold, and in which bundles it is."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            for log in opened.store.logs.ofEvents {
                let move = try await ColdMove.open(opened.store, log, owner: opened.databases)
                let (history, rows) = (try await move.history(), try await move.rowsLeft())
                await move.close()
                Terminal.result(HistoryCommand.sentence(log, history, rows: rows))
                for stretch in history.cold {
                    Terminal.result(
                        "  positions \(stretch.positions.lowerBound) to \(stretch.positions.upperBound - 1): "
                            + "bundle of export \(stretch.export), moved out \(stretch.detachedAt) by "
                            + "\(stretch.detachedBy), covered by the checkpoint of \(stretch.checkpointSize) records"
                    )
                }
            }
        }
    }

    private static func sentence(_ log: Log, _ history: ColdHistory, rows: Int64) -> String {
        guard history.before > 0 else {
            return "The log of \(log.name): all of it is in the database."
        }
        guard log.kind == .access else {
            return
                "The log of \(log.name): \(history.before - rows) launches before position \(history.before) are cold "
                + "history; the other \(rows) records stay."
        }
        let left =
            rows == 0
            ? ""
            : " \(rows) of their rows are there: of a run that was stopped, or not those that were signed."
        return
            "The log of \(log.name): the records before position \(history.before) are cold history."
            + left
    }

    /// Opens what a bundle is of; the deployment's own key must have signed it.
    static func bundle(_ path: String, _ store: LedgerStore) throws -> ColdBundleFolder {
        let folder = try ColdBundleFolder(
            path,
            keys: store.logs.all.map { store.vault.checkpointSigner(logID: $0.id).key }
        )
        guard store.logs.contains(folder.log) else {
            throw CommandError(
                "The bundle is of log \(folder.log.name), which the database does not have."
            )
        }
        return folder
    }

    /// Why nothing is moved.
    static func error(_ refusal: ColdRefusal) -> CommandError {
        CommandError("Nothing more is moved: \(refusal).")
    }
}
