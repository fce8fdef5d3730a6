import ArgumentParser
import Ledger
import LedgerStore

extension HistoryCommand {
    /// `token-ledger history attach`: puts records back.
    struct Attach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "attach",
            abstract: "Put the records of a bundle back into the database.",
            discussion: """
                The stretch that was moved out last goes back first. Any bundle that has all of it will do; each \
                record is compared with the signed tree. What was stopped goes on with the same command.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: ArgumentHelp("The bundle with the records.", valueName: "folder"))
        var bundle: String

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            do {
                try await attach(opened)
            } catch let refusal as ColdRefusal {
                throw HistoryCommand.error(refusal)
            }
        }

        private func attach(_ opened: OpenedStore) async throws {
            let folder = try HistoryCommand.bundle(bundle, opened.store)
            let move = try await ColdMove.open(opened.store, folder.log, owner: opened.databases)
            let stretch = try await move.stretch(in: folder.bundle)
            let apps = try await opened.store.apps()
            let meter = ProgressMeter("attach")
            let pages = try folder.pages()
            while let page = try pages.next(within: stretch.positions) {
                try await move.putBack(page.records, at: page.position, apps)
                meter.show(page.position, of: stretch.positions.upperBound, "records")
            }
            meter.end()
            try await move.finish(stretch)
            await move.close()
            Terminal.result(
                "In the database again: the records of the log of \(folder.log.name) from position "
                    + "\(stretch.positions.lowerBound) to \(stretch.positions.upperBound - 1)."
            )
        }
    }
}
