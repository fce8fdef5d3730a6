import ArgumentParser
import Ledger
import LedgerStore
import MerkleLog
import Vault

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
        var log = Log.facts

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            let store = opened.store
            Terminal.result(store.vault.checkpointSigner(logID: log.id).key.description)
            opened.close()
        }
    }
}
