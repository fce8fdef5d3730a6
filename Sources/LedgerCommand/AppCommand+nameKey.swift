import ArgumentParser
import LedgerStore
import Vault
import Wire

extension AppCommand {
    /// `token-ledger app name-key`: with which a verifier tells whom a proof is about.
    struct NameKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "name-key",
            abstract: "Print the key with which proofs name an app's users.",
            discussion: """
                Proofs of what is current name a user by a keyed label. Who verifies that a proof is \
                about a certain clientUserId needs this key (token-ledger verify --name-key-file). It \
                opens nothing, but whoever has it and a proof can test guesses of the user's id. It \
                stays the same.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: "The app's clientId; needed when there are several apps.")
        var app: String?

        func run() async throws {
            let key = try await OpenedStore.atWork(options) { store in
                store.vault.nameKey(app: try await PersonOptions.app(app, store).id)
            }
            Terminal.result(Hexadecimal.encode(key))
        }
    }
}
