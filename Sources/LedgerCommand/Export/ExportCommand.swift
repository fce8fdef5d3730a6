import ArgumentParser
import Ledger
import LedgerExport
import LedgerStore

/// `token-ledger export`: the log, or a part of it, as a stream, a file or a bundle.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write events to standard output, a file, or a bundle that proves itself.",
        discussion: """
            Without --output and --bundle the events go to standard output. NDJSON is the log \
            itself, byte for byte. A bundle is a folder with the events, the checkpoints, the \
            proofs and a signed manifest; token-ledger verify FOLDER checks it anywhere, without \
            a database. Nothing personal is in an export, unless a bundle is made with \
            --identities. Every export is itself an event of the access log.

            What was interrupted goes on with --resume and the same flags.
            """
    )

    @OptionGroup var options: ServiceDatabaseOptions

    @OptionGroup var selection: ExportSelection

    @Option(help: "ndjson or csv.")
    var format: ExportFormat = .ndjson

    @Flag(help: "Compress (RFC 1952).")
    var gzip = false

    @Option(help: ArgumentHelp("Write to this new file.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Make a bundle in this new folder.", valueName: "folder"))
    var bundle: String?

    @Flag(help: "Go on with a file or bundle that was interrupted.")
    var resume = false

    @Flag(help: "Let the bundle say whose the pseudonyms are: clientUserId and humanId.")
    var identities = false

    @Option(name: .customLong("by"), help: "Who asks for the bundle; stands in its manifest.")
    var madeBy: String?

    @Option(help: "Why; stands in the bundle's manifest.")
    var reason: String?

    func validate() throws {
        guard output == nil || bundle == nil else {
            throw ValidationError("--output and --bundle exclude each other.")
        }
        guard output != nil || bundle != nil || !resume else {
            throw ValidationError("--resume goes with --output or --bundle.")
        }
        if bundle == nil, identities || madeBy != nil || reason != nil {
            throw ValidationError("--identities, --by and --reason go with --bundle.")
        }
        if bundle != nil, [madeBy, reason].contains(where: { ($0 ?? "").isEmpty }) {
            throw ValidationError("A bundle says who asked for it and why: --by and --reason.")
        }
    }

    func run() async throws {
        do {
            try await OpenedStore.atWork(options) { store in
                if let bundle {
                    try await BundleExport(command: self, store: store).run(folder: bundle)
                } else if let output {
                    try await FileExport(command: self, store: store).run(path: output)
                } else {
                    try await StreamExport(command: self, store: store).run()
                }
            }
        } catch let error as BundleError {
            throw CommandError(Self.sentence(error))
        }
    }

    private static func sentence(_ error: BundleError) -> String {
        switch error {
        case .unfinished: "An unfinished export is there; --resume goes on with it."
        default: "The export stopped: \(error)."
        }
    }
}

extension ExportFormat: ExpressibleByArgument {
    /// What the record of an export calls it.
    var recorded: LedgerEvent.Export.Format { self == .csv ? .csv : .ndjson }
}
