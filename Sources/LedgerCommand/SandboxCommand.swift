import ArgumentParser
import HumanConnectSandbox
import Ledger
import LedgerStack

/// `token-ledger sandbox`: the provider's side alone.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run the sandbox provider alone.",
        discussion: """
            Everything in it is invented, and it shows its token values to everybody: it is for \
            trying out and for tests. Without an app of your own it has the app "sandbox" with \
            the client secret "sandbox-secret" and the App Key "sandbox-app-key".
            """
    )

    private static let usualPort = 8090

    @Option(help: "The address to listen on (TOKEN_LEDGER_HOST).")
    var host: String?

    @Option(help: "The port to listen on, 0 for any (TOKEN_LEDGER_PORT).")
    var port: Int?

    @Option(
        name: .customLong("public-url"),
        help: "The URL under which browsers reach the sandbox (TOKEN_LEDGER_PUBLIC_URL)."
    )
    var publicURL: String?

    @Option(
        name: .customLong("state-file"),
        help: "Where to keep the state (TOKEN_LEDGER_STATE_FILE); without one it is forgotten."
    )
    var stateFile: String?

    @Option(name: .customLong("client-id"), help: "The app's clientId.")
    var clientID: String?

    @Option(name: .customLong("client-secret-file"), help: "A file with the app's secret.")
    var clientSecretFile: String?

    @Option(name: .customLong("app-key-file"), help: "A file with the app's App Key.")
    var appKeyFile: String?

    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    func run() async throws {
        let settings = try await Settings.load(flags: [
            .host: host, .port: port.map(String.init), .publicURL: publicURL,
            .stateFile: stateFile, .clientID: clientID, .logLevel: logLevel,
        ])
        let logger = try ProgramLog.start(level: settings.text(.logLevel))
        var configuration = SandboxConfiguration(apps: [try app(settings)])
        configuration.host = try settings.text(.host) ?? ServeOptions.usualHost
        configuration.port = try settings.port(.port) ?? Self.usualPort
        configuration.stateFile = try settings.text(.stateFile)
        configuration.publicURL = try PublicURL.read(settings)
        let shownHost = configuration.host
        let sandbox = try Sandbox(configuration: configuration, logger: logger) { port in
            Terminal.message("The sandbox is at \(PublicURL.shown(shownHost, port))/sandbox")
        }
        try await ServiceRunner.run([ServiceRunner.server("sandbox", sandbox)], logger: logger)
    }

    private func app(_ settings: Settings) throws -> SandboxApp {
        let clientSecret =
            try clientSecretFile.map { try Settings.secret(inFile: $0) }
            ?? settings.secret(.clientSecret)
        let appKey =
            try appKeyFile.map { try Settings.secret(inFile: $0) } ?? settings.secret(.appKey)
        let clientID = try settings.text(.clientID)
        return SandboxApp(
            clientID: clientID ?? "sandbox",
            clientSecret: clientSecret ?? Secret("sandbox-secret"),
            appKey: appKey ?? Secret("sandbox-app-key"),
            name: clientID ?? "Sandbox app"
        )
    }
}
