import ArgumentParser
import LedgerStack
import LedgerStore
import Vault
import Wire

extension RootKeyCommand {
    /// `token-ledger root-key rotate`: brings every key under the current root key.
    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Bring every key under the current root key, while the service goes on.",
            discussion: """
                TOKEN_LEDGER_ROOT_KEY_FILE names the new root key and \
                TOKEN_LEDGER_OTHER_ROOT_KEY_FILE the old one, here and in every copy of the \
                service; docs/operator.md says in which order. A run that ended early is gone on \
                with by the next one. Needs the rights of the schema's owner \
                (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE).
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            let (current, other) = (
                opened.store.vault.rootKeyID, opened.store.vault.otherRootKeyID
            )
            guard let other else {
                throw CommandError(
                    "\(Setting.otherRootKeyFile.environmentName) is not set: it names the old root "
                        + "key, which opens what is to come under \(current)."
                )
            }
            let meter = ProgressMeter("root-key rotate")
            let rotation = try await opened.store.rotateRootKey(
                context: .byOperator,
                owner: opened.databases
            ) { meter.show($0, of: $1, "keys") }
            meter.end()
            if json {
                Terminal.result([
                    "rewrapped": .number("\(rotation.rewrapped)"),
                    "unopened": .number("\(rotation.unopened)"),
                    "complete": .bool(rotation.isComplete),
                ])
            } else {
                Terminal.result("\(rotation.rewrapped) keys came under the root key \(current).")
            }
            try Self.tell(rotation, other)
        }

        private static func tell(_ rotation: RootKeyRotation, _ other: String) throws {
            guard rotation.unopened == 0 else {
                throw CommandError(
                    "\(rotation.unopened) keys open with neither root key: root-key list shows "
                        + "under which they are. Keep both root keys."
                )
            }
            guard rotation.held == 0 else {
                throw CommandError(
                    "\(rotation.held) users' rows were held by others all the time: run this again."
                )
            }
            Terminal.message(
                "The root key \(other) is not needed any more: take it out of the settings of every "
                    + "copy. Keep it as long as backups from before are kept."
            )
        }
    }
}
