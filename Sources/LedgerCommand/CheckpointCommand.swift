import ArgumentParser
import LedgerStore
import MerkleLog
import Vault

/// Which of the deployment's logs a command is about.
enum LogChoice: String, ExpressibleByArgument, CaseIterable {
    /// What happened to users.
    case facts
    /// Who read what.
    case access
}

/// `token-ledger checkpoint`: the signed statements about the log.
struct CheckpointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "The signed statements about the log.",
        subcommands: [Key.self]
    )

    /// `token-ledger checkpoint key`: what a verifier pins.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "key",
            abstract: "Print the verifier key of the log's checkpoints (C2SP signed-note)."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: "The log of facts, or the log of who read what; a witness needs both keys.")
        var log = LogChoice.facts

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            let store = opened.store
            let logID = log == .facts ? store.administrationLog : store.accessLog
            Terminal.result(store.vault.checkpointSigner(logID: logID).key.description)
            opened.close()
        }
    }
}
