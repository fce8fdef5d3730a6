import ArgumentParser
import LedgerStore
import Wire

extension RootKeyCommand {
    /// `token-ledger root-key list`: shows what each wraps.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show which root keys wrap how many keys, and since when.",
            discussion: """
                Needs the rights of the schema's owner (TOKEN_LEDGER_OWNER_DATABASE_URL or …_FILE), \
                and reads every user's row. "current" wraps what is new, "other" only opens, and \
                what a "missing" one wraps cannot be opened here.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            let uses = try await opened.store.rootKeyUses(owner: opened.databases)
            guard !json else { return Terminal.result(.array(uses.map(\.json))) }
            for use in uses {
                let since = use.since.map { " since \($0)" } ?? ""
                Terminal.result(
                    "\(use.id)\t\(use.role.rawValue)\t\(use.users) users, \(use.apps) apps, "
                        + "\(use.masterKeys) of the deployment's own\(since)"
                )
            }
        }
    }
}
