internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
package import Subprocess
internal import Wire

/// `token-ledger serve` as a child of the tests, on a database of the test's own.
package struct TestServe: Sendable {
    /// A key of the app, for launches and for reading users.
    private let key: String
    private let command: TestCommand

    private static let callTimeMax = TimeAmount.seconds(60)
    private static let pollInterval = Duration.milliseconds(20)
    private static let clientID = "serve"

    /// What it has written so far.
    package var text: String { command.output }

    /// A database that the program can be started on, and what it needs to know of it.
    package struct Setup: Sendable {
        fileprivate let folder: String
        /// What commands beside it need in their environment.
        package let settings: [String: String]
        fileprivate let key: String

        /// The same on a copy of the database.
        package func on(_ url: String) -> Setup {
            with([
                "TOKEN_LEDGER_OWNER_DATABASE_URL": url, "TOKEN_LEDGER_DATABASE_URL": url,
            ])
        }

        /// The same with other settings; one that is empty counts as not set.
        package func with(_ others: [String: String]) -> Setup {
            Setup(
                folder: folder,
                settings: settings.merging(others) { _, other in other },
                key: key
            )
        }
    }

    /// Migrates a database and registers an app in it.
    ///
    /// - Parameters:
    ///   - folder: where its root key, its spool and its output are.
    ///   - owner: the database with all rights.
    ///   - service: the same as the program shall reach it; as its owner, unless named.
    ///   - provider: where the app's provider is; Human API itself, unless named.
    ///   - others: further settings; one that is empty counts as not set.
    /// - Returns: what `run` needs.
    /// - Throws: `TestProgramError.ended` when a command fails.
    package static func prepare(
        in folder: TestProgramFolder,
        owner: String,
        service: String? = nil,
        provider: String? = nil,
        settings others: [String: String] = [:]
    ) async throws -> Setup {
        let rootKey = folder.path + "/root.key"
        _ = FileManager.default.createFile(
            atPath: rootKey,
            contents: Data(String(repeating: "5a", count: 32).utf8),
            attributes: [.posixPermissions: 0o600]
        )
        let settings = [
            "TOKEN_LEDGER_OWNER_DATABASE_URL": owner,
            "TOKEN_LEDGER_DATABASE_URL": service ?? owner,
            "TOKEN_LEDGER_ROOT_KEY_FILE": rootKey, "TOKEN_LEDGER_CLIENT_SECRET": "secret",
            "TOKEN_LEDGER_SPOOL_FOLDER": folder.path + "/spool", "TOKEN_LEDGER_PORT": "0",
            // The tests' servers may lose what was written, and this is their superuser.
            "TOKEN_LEDGER_ACCEPT_UNSAFE_SERVER": "true",
        ].merging(others) { $1 }
        var answer = ""
        for command in [
            ["migrate"],
            ["app", "add", "--client-id", clientID, "--name", "Serve"]
                + (provider.map { ["--provider-url", $0] } ?? []),
            ["api-key", "create", "--app", clientID, "--json"]
                + ["launch", "users:read", "export:identities"].flatMap { ["--scope", $0] },
        ] {
            answer = try await TestProgram.output(of: command, environment: settings)
        }
        let json = try JSONParser.parse(Array(answer.utf8.dropLast()), depthMax: 4)
        return Setup(folder: folder.path, settings: settings, key: json["key"]?.text ?? "")
    }

    /// Runs the service while `body` runs, then ends it, if it was not told before.
    ///
    /// Throws `TestProgramError.ended` unless it ends as it should. It has its own limit for that; some
    /// time after that it is killed.
    package static func run<Value: Sendable>(
        _ setup: Setup,
        _ flags: [String] = [],
        under wrapper: [String] = [],
        ending: TestCommand.Ending = .terminate,
        _ body: (TestServe) async throws -> Value
    ) async throws -> Value {
        try await TestCommand.run(
            ["serve"] + flags,
            environment: setup.settings,
            log: setup.folder + "/output-\(UUID())",
            ending: ending,
            under: wrapper
        ) { command in
            try await body(TestServe(key: setup.key, command: command))
        }
    }

    /// Tells it to end.
    package func send(_ signal: Signal) { command.send(signal) }

    /// The process that it is.
    package var process: Int32 { command.process }

    /// A file of the system about its process, such as `limits`.
    package func processFile(_ name: String) throws -> String {
        try String(contentsOfFile: "/proc/\(command.process)/\(name)", encoding: .utf8)
    }

    /// Whether it has not ended yet.
    package var isRunning: Bool { command.isRunning }

    /// Where it listens without TLS; waits until it does.
    package var url: String {
        get async throws { "http://127.0.0.1:\(try await port)" }
    }

    /// The port at which it listens; waits until it does.
    package var port: Int {
        get async throws {
            while true {
                for line in text.split(separator: "\n") where line.contains("service listens") {
                    let digits = line.split(separator: "port=").last?.prefix { $0.isNumber }
                    if let port = digits.flatMap({ Int($0) }) { return port }
                }
                guard isRunning else { throw TestProgramError.notReady(output: text) }
                try await Task.sleep(for: Self.pollInterval)
            }
        }
    }

    /// What `/readyz` says.
    package func readiness() async throws -> (status: Int, text: String) {
        try await get("/readyz")
    }

    /// What a path answers, to another key than its own where one is given.
    package func get(
        _ path: String,
        key: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> (status: Int, text: String) {
        var request = HTTPClientRequest(url: try await url + path)
        request.headers.add(name: "Authorization", value: "Bearer " + (key ?? self.key))
        request.headers.add(contentsOf: headers)
        let response = try await HTTPClient.shared.execute(request, timeout: Self.callTimeMax)
        let body = try await response.body.collect(upTo: 64 << 20)
        return (Int(response.status.code), String(buffer: body))
    }

    /// Launches a user, and gives the answer's status and whether its connection ends.
    package func launch(_ user: String) async throws -> (status: Int, isLast: Bool) {
        var request = HTTPClientRequest(url: try await url + "/v1/launches")
        request.method = .POST
        request.headers.add(name: "Authorization", value: "Bearer " + key)
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(Array(#"{"client_user_id":"\#(user)"}"#.utf8))
        let response = try await HTTPClient.shared.execute(request, timeout: Self.callTimeMax)
        _ = try await response.body.collect(upTo: 1 << 20)
        let isLast = response.headers.first(name: "connection") == "close"
        return (Int(response.status.code), isLast)
    }
}
