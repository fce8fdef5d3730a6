internal import Foundation
internal import LedgerStack
internal import Postgres
internal import TestSupport
internal import Wire

/// Installs a world as an operator would, with the program's own commands (docs/operator.md).
struct WorldSetup {
    let program: String
    let fault: Fault
    let folder: String
    let database: WorldDatabase
    let providerLink: LossyProxy

    private static let serviceRole = "campaign_service"

    private var settingsFile: String { "\(folder)/settings.json" }

    /// Makes schema, role, root key, apps and keys; gives one API key for each app.
    func prepare(_ apps: [Provider.App]) async throws -> [String] {
        try await writeSettings()
        try await asOwner("create role campaign_service login")
        _ = try await command(
            ["migrate", "--grant-to", Self.serviceRole, "--fact-logs", "\(fault.factLogs)"]
        )
        if let script = fault.script { try await asOwner(script) }
        var keys: [String] = []
        for app in apps {
            try await register(app)
            let json = try await command(
                ["api-key", "create", "--app", app.clientID, "--scope", "all", "--json"]
            )
            let document = try JSONParser.parse(Array(json.utf8), depthMax: 8)
            keys.append(document["key"]?.text ?? "")
        }
        return keys
    }

    /// The copies of the service, each with a port and a spool of its own.
    func services() async throws -> [ServiceProcess] {
        var services: [ServiceProcess] = []
        for copy in 0..<fault.copies {
            let settings = ServiceProcess.Settings(
                program: program,
                settingsFile: settingsFile,
                port: try await LocalPort.free(),
                spoolFolder: "\(folder)/spool-\(copy)",
                checkpointFolder: copy == 0 ? "\(folder)/checkpoints" : nil,
                acceptsUnsafeServer: fault.isControl,
                log: "\(folder)/service-\(copy).log"
            )
            services.append(ServiceProcess(settings))
        }
        return services
    }

    private func asOwner(_ script: StaticString) async throws {
        let owner = try await PostgresConnection.connect(
            PostgresConfiguration(url: try await database.ownerURL).withoutTimeLimits
        )
        try await owner.script("\(script)")
        await owner.close()
    }

    private func writeSettings() async throws {
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        try write(Hexadecimal.encode(key), to: "root.key")
        try FileManager.default.createDirectory(
            atPath: "\(folder)/checkpoints",
            withIntermediateDirectories: true
        )
        let settings: JSONValue = [
            "ownerDatabaseUrl": .string(try await database.ownerURL),
            "databaseUrl": .string(database.serviceURL(user: Self.serviceRole)),
            "rootKeyFile": .string("\(folder)/root.key"),
        ]
        try write(String(decoding: settings.encoded, as: UTF8.self), to: "settings.json")
    }

    private func register(_ app: Provider.App) async throws {
        guard case .port(let port) = providerLink.address else { return }
        try write(app.clientSecret, to: "client-secret")
        try write(app.appKey, to: "app-key")
        let appKey = app.sharesAppKey ? ["--app-key-file", "\(folder)/app-key"] : []
        _ = try await command(
            [
                "app", "add", "--client-id", app.clientID, "--name", app.clientID,
                "--client-secret-file", "\(folder)/client-secret",
                "--provider-url", "http://127.0.0.1:\(port)",
            ] + appKey
        )
    }

    private func write(_ text: String, to name: String) throws {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    private func command(_ arguments: [String]) async throws -> String {
        let answer = try await TestProgram.run(
            program,
            arguments,
            environment: ["TOKEN_LEDGER_CONFIG_FILE": settingsFile]
        )
        guard answer.status == 0 else {
            throw CampaignError.command(arguments, output: answer.output + answer.messages)
        }
        return answer.output
    }
}
