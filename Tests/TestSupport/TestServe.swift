internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
package import Subprocess
internal import SystemPackage
internal import Wire

/// `token-ledger serve` as a child of the tests, on a database of the test's own.
package struct TestServe: Sendable {
    /// A key of the app, with the scope `launch`.
    private let key: String
    private let output: String
    private let process: pid_t
    private let execution: @Sendable (Signal) throws -> Void

    /// The program itself gives up on its services after 25 seconds.
    private static let endTimeMax = Duration.seconds(40)
    private static let callTimeMax = TimeAmount.seconds(60)
    private static let pollInterval = Duration.milliseconds(20)
    private static let clientID = "serve"

    /// What it has written so far.
    package var text: String {
        String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
    }

    /// A database that the program can be started on, and what it needs to know of it.
    package struct Setup: Sendable {
        fileprivate let folder: String
        fileprivate let settings: [String: String]
        fileprivate let key: String
    }

    /// Migrates a database and registers an app in it.
    ///
    /// - Parameters:
    ///   - folder: where its root key, its spool and its output are.
    ///   - owner: the database with all rights.
    ///   - service: the same as the program shall reach it; as its owner, unless named.
    /// - Returns: what `run` needs.
    /// - Throws: `TestProgramError.ended` when a command fails.
    package static func prepare(
        in folder: TestProgramFolder,
        owner: String,
        service: String? = nil
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
        ]
        var answer = ""
        for command in [
            ["migrate"], ["app", "add", "--client-id", clientID, "--name", "Serve"],
            ["api-key", "create", "--app", clientID, "--scope", "launch", "--json"],
        ] {
            let run = try await TestProgram.run(
                TestProgram.path,
                command,
                environment: settings
            )
            guard run.status == 0 else {
                throw TestProgramError.ended(.exited(run.status), output: run.messages)
            }
            answer = run.output
        }
        let json = try JSONParser.parse(Array(answer.utf8.dropLast()), depthMax: 4)
        return Setup(folder: folder.path, settings: settings, key: json["key"]?.text ?? "")
    }

    /// Runs the service while `body` runs, then tells it to end, if it was not told before.
    ///
    /// Throws `TestProgramError.ended` unless it ends with 0. It has its own limit for that; some
    /// time after that it is killed.
    package static func run<Value: Sendable>(
        _ setup: Setup,
        _ flags: [String] = [],
        _ body: (TestServe) async throws -> Value
    ) async throws -> Value {
        let output = setup.folder + "/output-\(UUID())"
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ChildProcess.arguments(
                [try TestProgram.path, "serve"] + flags,
                log: output,
                signal: "KILL"
            ),
            environment: ChildProcess.environment(and: setup.settings),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let serve = TestServe(
                key: setup.key,
                output: output,
                process: execution.processIdentifier.value,
                execution: { try execution.send(signal: $0) }
            )
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(serve))
            } catch {
                outcome = .failure(error)
            }
            try await serve.end()
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        let value = try result.closureResult.get()
        guard result.terminationStatus == .exited(0) else {
            let data = FileManager.default.contents(atPath: output) ?? Data()
            throw TestProgramError.ended(
                result.terminationStatus,
                output: String(decoding: data, as: UTF8.self)
            )
        }
        return value
    }

    /// Tells it to end.
    package func send(_ signal: Signal) throws {
        try execution(signal)
    }

    /// Whether it has not ended yet.
    package var isRunning: Bool { ChildProcess.isRunning(process) }

    private func end() async throws {
        try? send(.terminate)
        let start = ContinuousClock.now
        while isRunning, ContinuousClock.now - start < Self.endTimeMax {
            try await Task.sleep(for: Self.pollInterval)
        }
        if isRunning { try? send(.kill) }
    }

    /// Where it listens; waits until it does.
    package var url: String {
        get async throws {
            while true {
                for line in text.split(separator: "\n") where line.contains("service listens") {
                    let digits = line.split(separator: "port=").last?.prefix { $0.isNumber }
                    if let digits { return "http://127.0.0.1:\(digits)" }
                }
                guard isRunning else { throw TestProgramError.notReady(output: text) }
                try await Task.sleep(for: Self.pollInterval)
            }
        }
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
