import ArgumentParser
import Foundation
import Logging

/// `token-ledger demo`: plays one user through all of it.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Play one user through all of it and check every step.",
        discussion: """
            Starts the same private stack as dev, in a folder that vanishes afterwards unless one \
            is named, and does what an integrator's page and backend do. Ends with 0 only if \
            everything held.
            """
    )

    @Option(name: .customLong("data-folder"), help: "Where data and keys are; kept.")
    var dataFolder: String?

    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    func run() async throws {
        let settings = try await Settings.load(flags: [.logLevel: logLevel])
        let logger = try ProgramLog.start(level: settings.text(.logLevel), default: .error)
        let temporary = try dataFolder == nil ? TemporaryFolder() : nil
        defer { temporary?.remove() }
        let folder = dataFolder ?? temporary?.path ?? ""
        Terminal.message("Starting PostgreSQL, the sandbox provider, the service …")
        let ports = DevIdentity.Ports(ledger: 0, sandbox: nil, demo: nil)
        try await DevStack.run(folder: folder, ports: ports, logger: logger) { stack in
            try await DemoScript(stack).play()
        }
    }
}
