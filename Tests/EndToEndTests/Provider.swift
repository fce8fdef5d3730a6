import Foundation
import TestSupport
import Testing

/// Runs one `token-ledger sandbox` around a whole suite: the provider of services that crash, which
/// knows afterwards what it was asked.
///
/// Beside it is a database with the sandbox's app, to be copied for each service.
struct Provider: SuiteTrait, TestScoping {
    /// Where the sandbox is.
    let url: String
    /// The database to copy.
    let template: String
    /// The file of its root key.
    let keyFile: String
    /// An API key of its app, with all scopes.
    let apiKey: String

    /// The role with which services connect; the server has those of other suites, too.
    let role: String
    private static let clientID = "sandbox"

    @TaskLocal private static var running: Provider?

    /// The provider of the suite that runs now.
    static var current: Provider {
        get throws { try #require(running) }
    }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestProgramFolder.lend { folder in
            try await TestCommand.run(
                ["sandbox", "--port", "0"],
                log: "\(folder.path)/sandbox.log"
            ) { sandbox in
                let url = try await sandbox.ready { output in
                    output.firstMatch(of: /is at (http:\S+)\/sandbox\n/).map { String($0.1) }
                }
                let provider = try await Self.installed(url, folder)
                try await Self.$running.withValue(provider) { try await function() }
            }
        }
    }

    /// Installs as an operator does.
    private static func installed(
        _ url: String,
        _ folder: TestProgramFolder
    ) async throws -> Provider {
        let keyFile = "\(folder.path)/root.key"
        try #require(
            FileManager.default.createFile(
                atPath: keyFile,
                contents: Data(String(repeating: "5a", count: 32).utf8),
                attributes: [.posixPermissions: 0o600]
            )
        )
        let database = try await TestPostgres.freshDatabase(durable: true)
        let role = "crashing_\(database.name)"
        try await PostgresTools.psql(database.url, script: "create role \(role) login")
        let settings = [
            "TOKEN_LEDGER_OWNER_DATABASE_URL": database.url,
            "TOKEN_LEDGER_DATABASE_URL": database.url, "TOKEN_LEDGER_ROOT_KEY_FILE": keyFile,
            "TOKEN_LEDGER_CLIENT_SECRET": "sandbox-secret",
            "TOKEN_LEDGER_APP_KEY": "sandbox-app-key",
        ]
        var apiKey = ""
        for command in [
            ["migrate", "--grant-to", role],
            ["app", "add", "--client-id", clientID, "--name", "A", "--provider-url", url],
            ["api-key", "create", "--app", clientID, "--scope", "all"],
        ] {
            let output = try await TestProgram.output(of: command, environment: settings)
            apiKey = output.trimmingCharacters(in: .newlines)
        }
        return Provider(
            url: url,
            template: database.name,
            keyFile: keyFile,
            apiKey: apiKey,
            role: role
        )
    }
}

extension Trait where Self == Provider {
    /// One sandbox for all tests of the suite.
    static var provider: Self {
        Self(url: "", template: "", keyFile: "", apiKey: "", role: "")
    }
}

extension Provider {
    /// Plays a popup that was launched, and gives what it hands over.
    func session(_ launch: BrowserValue, of user: String, _ source: String) async throws
        -> BrowserValue
    {
        try await JSONCall.post(
            url + "/sandbox/sessions",
            [
                "client_id": .string(Self.clientID), "client_user_id": .string(user),
                "public_token": launch["options"]?["publicToken"] ?? "",
                "connect": .array([.string(source)]), "done": true,
            ]
        )
    }

    /// A user as the provider knows it.
    func user(_ user: String) async throws -> BrowserValue {
        try await JSONCall.get(
            "\(url)/sandbox/users/\(Self.clientID)/\(TestProgram.encoded(user))"
        )
    }

    /// The exchanges that it saw for a user, each as the session's fingerprint.
    func exchanges(of user: String) async throws -> [String] {
        try await requests().filter { $0["client_user_id"] == .string(user) }
            .compactMap { $0["exchange"]?["session_token_sha256"]?.string }
    }

    /// How many exchanges it was sent only in part: it does not know for whom.
    func brokenExchanges() async throws -> Int {
        try await requests().count {
            $0["path"] == "/v1/connect/tokens" && $0["exchange"] == .null && $0["status"] != .null
        }
    }

    private func requests() async throws -> [BrowserValue] {
        try await JSONCall.get(url + "/sandbox/requests").array
    }
}
