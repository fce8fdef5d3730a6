import ArgumentParser
import LedgerStore

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

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            Terminal.result(opened.store.checkpointVerifierKey)
            opened.close()
        }
    }
}
