import ArgumentParser
import Ledger
import LedgerAudit
import LedgerStore
import Postgres
import Wire

/// `token-ledger restore`: a database that was restored from a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "What a database that was restored from a backup is good for.",
        subcommands: [Check.self]
    )

    /// `token-ledger restore check`: what is here, and what would be lost.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Verify a restored database, and say what would be lost by using it.",
            discussion: """
                Verifies all of it, compares it with the checkpoints that were kept outside of the \
                database, and with the list of those who were erased. Says in words which events are \
                missing. Changes nothing, unless --apply-erasures is there. Ends with 6 when events \
                are missing, when somebody who was erased is there again, when something does not \
                fit, or when it cannot be shown: a log has no checkpoint outside, or the list of \
                those who were erased is empty or proves nothing.

                Run it before any service starts on the database, and as a drill, with settings that \
                name the restored one: TOKEN_LEDGER_DATABASE_URL, TOKEN_LEDGER_OWNER_DATABASE_URL \
                (an auditor's will do) and TOKEN_LEDGER_ROOT_KEY_FILE.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(
            help: """
                The folder in which the service kept its last checkpoints \
                (TOKEN_LEDGER_CHECKPOINT_FOLDER).
                """
        )
        var checkpointFolder: String?

        @Option(
            help: ArgumentHelp(
                "A checkpoint that was kept elsewhere, such as a witness's; repeatable.",
                valueName: "file"
            )
        )
        var checkpoint: [String] = []

        @Option(
            help: "The folder that lists who was erased (TOKEN_LEDGER_ERASURE_FOLDER)."
        )
        var erasureFolder: String?

        @Flag(help: "Erase again all whom the erasure folder lists.")
        var applyErasures = false

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let flags: [Setting: String?] = [
                .checkpointFolder: checkpointFolder, .erasureFolder: erasureFolder,
            ]
            let settings = try await Settings.load(flags: options.flags.merging(flags) { $1 })
            let outside = try OutsideCheckpoints(
                folder: settings.text(.checkpointFolder),
                files: checkpoint
            )
            let folder = try settings.text(.erasureFolder)
            guard folder != nil || !applyErasures else {
                throw CommandError(
                    "--apply-erasures takes the folder of \(Setting.erasureFolder.environmentName)."
                )
            }
            var report = try await OpenedStore.atWork(options) { store in
                try outside.require(within: store.logs)
                var report = RestoreReport()
                for log in store.logs.all {
                    report.logs.append(try await RestoredLog(log, outside, store))
                }
                report.erasures = try await erasures(folder, store)
                return report
            }
            report.verification = try await verify(settings, outside)
            if json {
                Terminal.result(report.document)
            } else {
                for sentence in report.sentences { Terminal.result(sentence) }
            }
            if !report.isWhole { throw TokenLedger.verificationFailed }
        }

        private func verify(
            _ settings: Settings,
            _ outside: OutsideCheckpoints
        ) async throws -> VerificationReport {
            let databases = try await OwnerDatabaseOptions.databases(settings)
            var plan = VerificationPlan()
            plan.rootKeys = try await RootKeySource.keys(settings)
            plan.keptCheckpoints = outside.notes.mapValues { $0.map(\.note) }
            let meter = ProgressMeter("restore check")
            defer { meter.end() }
            return try await DatabaseFailure.explaining(databases) { [plan] in
                try await Verification.run(databases, plan: plan) { progress in
                    let noun = progress.phase == .records ? "records" : "users"
                    meter.show(progress.done, of: progress.total, noun)
                }
            }
        }

        /// Nil without a folder: then nobody outside knows who was erased.
        private func erasures(
            _ path: String?,
            _ store: LedgerStore
        ) async throws -> RestoreReport.Erasures? {
            guard let path else { return nil }
            let folder = ErasureFolder(path: path)
            guard folder.isThere else {
                throw CommandError("The erasure folder \(path) is not there.")
            }
            let eraser = Eraser(store: store, folder: folder, logger: store.logger)
            var erasures = RestoreReport.Erasures(listed: try folder.subjects().count)
            if applyErasures {
                let again = try await ErasureList(folder).reapply(eraser)
                erasures.applied = again.erased.count
                erasures.refused = again.refused.count
            } else {
                erasures.refused = try ErasureList(folder).refused(eraser)
            }
            erasures.undone = try await store.livingUsers(among: folder.subjects())
            return erasures
        }
    }
}
