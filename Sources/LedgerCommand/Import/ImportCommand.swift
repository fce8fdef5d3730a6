import ArgumentParser
import Foundation
import Ledger
import LedgerImport
import LedgerStack
import LedgerStore
import Wire

/// `token-ledger import`: users with their tokens, as another system has held them.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over users with their tokens from another system.",
        discussion: """
            The file is CSV whose first line names the columns clientUserId, humanId, publicToken \
            and accessToken, or NDJSON with objects of these members; nobody but its owner may read \
            it. It is checked as a whole first: if a line is bad, or somebody holds other tokens \
            here, nothing is written. A run that was interrupted is gone on with by running it \
            again; the same file again writes nothing.

            Works on the database as the service does (TOKEN_LEDGER_DATABASE_URL or …_FILE, \
            TOKEN_LEDGER_ROOT_KEY_FILE), which may go on meanwhile. Ends with 6 when there are bad \
            lines.
            """
    )

    @OptionGroup var options: ServiceDatabaseOptions

    @Option(help: "The app's clientId; needed when there are several apps.")
    var app: String?

    @Flag(help: "Only check the file, and say what would be written.")
    var dryRun = false

    @Flag(help: "Take over all others when there are bad lines.")
    var skipBadLines = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @Argument(help: "The file; it is read twice, so standard input cannot be read.")
    var file: String

    func run() async throws {
        guard file != "-" else {
            throw CommandError(
                "Standard input can be read once only, and a file is checked before anything is "
                    + "written: give the name of a file."
            )
        }
        do {
            let source = try ImportFile(file)
            try await OpenedStore.atWork(options) { store in
                try await run(source, try await PersonOptions.app(app, store), store)
            }
        } catch let error as ImportError {
            throw CommandError("\(file) is not imported: \(error).")
        }
    }

    private func run(
        _ source: ImportFile,
        _ app: StoredApp,
        _ store: LedgerStore
    ) async throws {
        let checking = ProgressMeter("import, check")
        let plan = try await ImportCheck.run(
            source,
            of: app,
            in: store,
            folder: FileManager.default.temporaryDirectory.path
        ) { checking.show($0 >> 10, of: $1 >> 10, "KiB checked") }
        checking.end()
        let report = ImportReport(isJSON: json)
        try plan.tellBad(report.tell)
        guard !dryRun, plan.bad == 0 || skipBadLines else {
            report.end(plan, nil)
            if !dryRun {
                Terminal.message("Nothing was written: --skip-bad-lines leaves them out.")
            }
            guard plan.bad == 0 else { throw TokenLedger.verificationFailed }
            return
        }
        let writing = ProgressMeter("import")
        let result = try await ImportRun.run(
            source,
            plan,
            of: app,
            in: store,
            context: .byOperator
        ) { writing.show($0, of: $1, "users written") }
        writing.end()
        for (line, flaw) in result.refused { report.tell(line, flaw) }
        report.end(plan, result)
        guard result.refused.isEmpty else { throw TokenLedger.verificationFailed }
    }
}
