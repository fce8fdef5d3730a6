import ArgumentParser
import Ledger
import LedgerStore
import MerkleLog
import Vault
import Wire

/// `token-ledger checkpoint`: the signed statements about the log.
struct CheckpointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint",
        abstract: "The signed statements about the log.",
        subcommands: [Key.self, Repair.self]
    )

    /// `token-ledger checkpoint key`: what a verifier pins.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "key",
            abstract: "Print the verifier key of the log's checkpoints (C2SP signed-note).",
            discussion: """
                Where there are several logs of a kind, its name is all of them: a key on each line.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(
            help: ArgumentHelp(
                "facts, access (who read what), or map (which states were current), or one of several, "
                    + "such as facts-1; a witness needs the keys of all.",
                valueName: "log"
            ),
            transform: LogChoice.reading(.facts, .access, .map)
        )
        var log = LogChoice(.facts)

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            defer { opened.close() }
            let store = opened.store
            for log in try store.logs.named(log) {
                Terminal.result(store.vault.checkpointSigner(logID: log.id).key.description)
            }
        }
    }

    /// `token-ledger checkpoint repair`: takes away what is stored as evidence and is none.
    struct Repair: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "repair",
            abstract: "Set aside checkpoints that the deployment did not sign, and mend tiles.",
            discussion: """
                What is removed is kept in the tables ledger.removed_checkpoint and \
                ledger.removed_tile. Nothing that the deployment's key has signed is touched, and \
                nothing is changed where the records are not those that were signed. The service may \
                go on meanwhile; its checkpoints wait. Restart it afterwards: it may remember a tile \
                that was wrong. Needs the rights of the schema's owner \
                (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE).
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            var repairs: [CheckpointRepair] = []
            for log in opened.store.logs.all {
                do {
                    let repair = try await opened.store.repairCheckpoints(
                        of: log,
                        owner: opened.databases
                    )
                    repairs.append(repair)
                    if !json { Terminal.result(Self.sentence(repair)) }
                } catch let alarm as IntegrationAlarm {
                    throw CommandError("Nothing was changed of the log of \(log.name): \(alarm).")
                }
            }
            if json { Terminal.result(["logs": .array(repairs.map(Self.document))]) }
        }

        private static func document(_ repair: CheckpointRepair) -> JSONValue {
            [
                "log_id": .number(String(repair.log.id)),
                "checkpoints_removed": .array(repair.checkpoints.map { .number(String($0)) }),
                "tiles_removed": .number(String(repair.tilesRemoved)),
                "tiles_stored": .number(String(repair.tilesStored)),
            ]
        }

        private static func sentence(_ repair: CheckpointRepair) -> String {
            let log = "The log of \(repair.log.name)"
            guard repair.isNeeded else { return "\(log): nothing to repair." }
            let sizes = repair.checkpoints.map(String.init).joined(separator: ", ")
            return "\(log): checkpoints set aside: \(repair.checkpoints.count)"
                + (sizes.isEmpty ? "" : " (of size \(sizes))")
                + "; tiles set aside: \(repair.tilesRemoved), stored anew: \(repair.tilesStored)."
        }
    }
}
