import ArgumentParser
import LedgerStack
import LedgerStore
import Vault
import Wire

/// `token-ledger root-key`: the key that wraps all others.
struct RootKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root-key",
        abstract: "The key that wraps all others.",
        subcommands: [Create.self, List.self, Rotate.self]
    )

    /// `token-ledger root-key create`: makes one.
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a root key in a new file that only its owner may read.",
            discussion: "Keep a copy in a safe place: without it nothing in the vault opens."
        )

        @Argument(help: "The file; one that is there is never written over.")
        var path: String

        func run() throws {
            do {
                try RootKey.create(file: path)
            } catch {
                throw CommandError(
                    "No root key was written to \(path): the file is there already, or its folder "
                        + "cannot be written."
                )
            }
            let id = try RootKey(file: path).id
            Terminal.message("The root key \(id) is in \(path). Keep a copy in a safe place.")
        }
    }
}

extension RootKeyUse {
    var json: JSONValue {
        [
            "id": .string(id), "role": .string(role.rawValue), "users": .number("\(users)"),
            "apps": .number("\(apps)"), "master_keys": .number("\(masterKeys)"),
            "since": since.map { .string("\($0)") } ?? .null,
        ]
    }
}
