import ArgumentParser
import Ledger
import LedgerStore
import MerkleLog
import Vault
import Witness

extension HistoryCommand {
    /// `token-ledger history detach`: moves records out of the database.
    struct Detach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "detach",
            abstract: "Remove the records that a bundle has from the database.",
            discussion: """
                The bundle must be one of a log without a filter, from where the database's records begin \
                (token-ledger export --log access --from-position … --bundle …). It is checked whole, and each \
                record against the tiles. A checkpoint that covers them must stand outside of the database: in \
                the checkpoint folder, or cosigned by the witnesses of the policy. Of accesses all go, a minute \
                after they were recorded; of facts, after 30 days, launches that nothing of what is current \
                needs, and every other event stays. Rows that are not those that were signed stay, as \
                evidence. What was stopped goes on with the same command.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: ArgumentHelp("The bundle with the records.", valueName: "folder"))
        var bundle: String

        @Option(
            help: ArgumentHelp(
                "The position before which records go, a multiple of 256; as many as the bundle has, unless given.",
                valueName: "position"
            )
        )
        var before: Int64?

        @Option(
            name: .customLong("checkpoint-folder"),
            help: """
                The folder outside of the database in which the service keeps its last checkpoints \
                (TOKEN_LEDGER_CHECKPOINT_FOLDER).
                """
        )
        var checkpointFolder: String?

        @Option(
            name: .customLong("witness-policy"),
            help: "The file that names the witnesses (TOKEN_LEDGER_WITNESS_POLICY)."
        )
        var witnessPolicy: String?

        @Flag(name: .customLong("dry-run"), help: "Check everything, and say what would go.")
        var dryRun = false

        func run() async throws {
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            do {
                try await detach(opened)
            } catch let refusal as ColdRefusal {
                throw HistoryCommand.error(refusal)
            }
        }

        private func detach(_ opened: OpenedStore) async throws {
            let folder = try HistoryCommand.bundle(bundle, opened.store)
            let move = try await ColdMove.open(opened.store, folder.log, owner: opened.databases)
            let plan = try await move.plan(
                before: before,
                folder.bundle,
                try await outside(opened.store, folder.log)
            )
            let pages = try folder.pages()
            while let page = try pages.next(within: plan.positions) {
                try await move.compare(page.records, at: page.position)
            }
            try await detach(plan, folder, move)
            await move.close()
        }

        private func detach(
            _ plan: ColdPlan,
            _ folder: ColdBundleFolder,
            _ move: ColdMove
        ) async throws {
            let isFacts = folder.log.kind == .facts
            let records =
                (isFacts ? "launches that nothing needs any more, among " : "")
                + "the records of the log of \(folder.log.name) from position \(plan.positions.lowerBound) to "
                + "\(plan.positions.upperBound - 1)"
            let covered = "\(plan.outside.source), of \(plan.outside.size) records, covers them"
            guard !dryRun else {
                Terminal.result("Nothing was changed. Would go: \(records); \(covered).")
                return
            }
            try await move.note(plan)
            let meter = ProgressMeter("detach")
            var next = try await move.firstRow()
            while next < plan.positions.upperBound {
                next = try await move.remove(plan, from: next)
                meter.show(next, of: plan.positions.upperBound, "records")
            }
            meter.end()
            let left = try await move.rowsLeft()
            let gone = isFacts ? "\(plan.positions.upperBound - left) rows in all, of " : ""
            Terminal.result("Gone: \(gone)\(records); \(covered).")
            if move.flawedUsers > 0 {
                Terminal.message(
                    "\(move.flawedUsers) users keep all of their launches, for something of theirs is not as it was "
                        + "signed: token-ledger verify says what."
                )
            }
            if left > 0, !isFacts {
                Terminal.message(
                    "\(left) rows stay, for they are not those that were signed, or the service did not write "
                        + "them: token-ledger verify names them."
                )
            }
            Terminal.message(
                "Keep the bundle \(folder.path): without it nobody can read them. The database uses their room "
                    + "again after its next vacuum."
            )
        }

        /// The checkpoints that stand outside of the database.
        private func outside(
            _ store: LedgerStore,
            _ log: Log
        ) async throws -> [OutsideCheckpoint] {
            let settings = try await Settings.load(
                flags: options.flags.merging(
                    [.checkpointFolder: checkpointFolder, .witnessPolicy: witnessPolicy]
                ) { $1 }
            )
            var found: [OutsideCheckpoint] = []
            if let path = try settings.text(.checkpointFolder),
                let note = try CheckpointFolder(path: path).read(logID: log.id)
            {
                found.append(try checkpoint(note, "the checkpoint folder's checkpoint", store, log))
            }
            if let policy = try WitnessPolicy(settings),
                let latest = try await store.latestCheckpoint(log: log)
            {
                let note = try SignedNote(Array(latest.note.utf8))
                let signers = try? note.verify(policy.witnesses.map(\.key)).map(\.key)
                guard !policy.witnesses.isEmpty, policy.isSatisfied(by: Set(signers ?? [])) else {
                    throw CommandError(
                        "The last checkpoint does not have the cosignatures that the witness policy asks for."
                    )
                }
                found.append(try checkpoint(note, "the cosigned checkpoint", store, log))
            }
            return found
        }

        private func checkpoint(
            _ note: SignedNote,
            _ source: String,
            _ store: LedgerStore,
            _ log: Log
        ) throws -> OutsideCheckpoint {
            let key = store.vault.checkpointSigner(logID: log.id).key
            do {
                let checkpoint = try Checkpoint(verifying: note, origin: key.name, keys: [key])
                return OutsideCheckpoint(
                    size: Int64(checkpoint.size),
                    root: checkpoint.root,
                    source: source
                )
            } catch {
                throw CommandError("\(source) is not this deployment's: \(error).")
            }
        }
    }
}
