import ArgumentParser
import DurableFiles
import Foundation
import Logging
import Wire
import Witness

/// `token-ledger dev`: everything on one machine.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run PostgreSQL, the sandbox provider, the service and a demo page.",
        discussion: """
            Everything is private to a data folder and listens on this machine alone. Ctrl-C stops \
            it and leaves the data; the next run continues with the same data, keys and ports.
            """
    )

    @Option(
        name: .customLong("data-folder"),
        help: "Where data and keys are; made when missing."
    )
    var dataFolder = ".token-ledger"

    @OptionGroup var factLogs: FactLogsOptions

    @Option(help: "The service's port, 0 for any; the remembered one, or 8080.")
    var port: Int?

    @Option(name: .customLong("sandbox-port"), help: "The sandbox's port, at the first run.")
    var sandboxPort: Int?

    @Option(name: .customLong("demo-port"), help: "The demo page's port, at the first run.")
    var demoPort: Int?

    @Option(
        name: .customLong("ready-file"),
        help: "A file to write once everything answers: one JSON document with URLs and keys."
    )
    var readyFile: String?

    @Option(
        name: .customLong("witness-policy"),
        help: "Witnesses that must cosign, as for serve (TOKEN_LEDGER_WITNESS_POLICY)."
    )
    var witnessPolicy: String?

    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    func run() async throws {
        let settings = try await Settings.load(
            flags: [.logLevel: logLevel, .witnessPolicy: witnessPolicy]
        )
        let policy = try WitnessPolicy(settings)
        let logger = try ProgramLog.start(level: settings.text(.logLevel), default: .warning)
        if let readyFile { try removeStale(readyFile) }
        Terminal.message("Starting in \(dataFolder) …")
        let readyFile = readyFile
        try await DevStack.run(
            folder: dataFolder,
            logs: factLogs.logs,
            ports: DevIdentity.Ports(ledger: port, sandbox: sandboxPort, demo: demoPort),
            witnessPolicy: policy,
            logger: logger
        ) { stack in
            if let readyFile {
                try DurableFile.replace(
                    readyFile,
                    with: stack.readyDocument.encoded,
                    readers: .owner
                )
            }
            Terminal.result(DevGreeting(stack: stack).text)
            // Until Ctrl-C or SIGTERM.
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
        if let readyFile { try? FileManager.default.removeItem(atPath: readyFile) }
        Terminal.message("Stopped. The data is in \(dataFolder).")
    }

    /// A file of an earlier run would let a script begin too early.
    private func removeStale(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw CommandError("The old ready file \(path) cannot be removed.")
        }
    }
}
