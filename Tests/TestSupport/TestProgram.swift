internal import Foundation
internal import Subprocess
internal import SystemPackage

/// `token-ledger dev` as a child of the tests: the whole stack, run by the program that was built
/// together with them.
package struct TestProgram: Sendable {
    /// The document that the program writes for scripts once everything answers.
    package struct Ready: Decodable, Sendable {
        package let ledgerURL: String
        package let sandboxURL: String
        package let demoURL: String
        package let metricsURL: String
        package let clientID: String
        /// The settings with which other commands work on the same database.
        package let settingsFile: String
        /// The database with all rights.
        package let databaseURL: String
        package let checkpointVerifierKey: String
        /// By scope, and one with all of them under `all`.
        package let apiKeys: [String: String]

        enum CodingKeys: String, CodingKey {
            case ledgerURL = "ledger_url"
            case sandboxURL = "sandbox_url"
            case demoURL = "demo_url"
            case metricsURL = "metrics_url"
            case clientID = "client_id"
            case settingsFile = "settings_file"
            case databaseURL = "database_url"
            case checkpointVerifierKey = "checkpoint_verifier_key"
            case apiKeys = "api_keys"
        }
    }

    /// What it said when it was ready.
    package let ready: Ready
    /// Where its data is.
    package let folder: TestProgramFolder

    private static let outputBytesMax = 1 << 20

    /// The program, which stands beside the tests; another one where `PROGRAM_UNDER_TEST` names it, as
    /// `make test-release` does.
    package static var path: String {
        get throws {
            if let other = ProcessInfo.processInfo.environment["PROGRAM_UNDER_TEST"] {
                return other
            }
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/token-ledger"
        }
    }

    /// Starts the program on a folder, lends it once it is ready, and ends it.
    ///
    /// Throws `TestProgramError` when it does not start or does not end as it should. The folder
    /// may have data of an earlier run.
    package static func run<Value: Sendable>(
        in folder: TestProgramFolder,
        _ flags: [String] = [],
        ending: TestCommand.Ending = .interrupt,
        _ body: (TestProgram) async throws -> Value
    ) async throws -> Value {
        let readyFile = "\(folder.path)/ready.json"
        // A program that was killed has left its own.
        try? FileManager.default.removeItem(atPath: readyFile)
        return try await TestCommand.run(
            [
                "dev", "--port", "0", "--data-folder", "\(folder.path)/data", "--ready-file",
                readyFile,
            ] + flags,
            log: "\(folder.path)/output.log",
            ending: ending
        ) { command in
            // The ready file is whole as soon as it is there.
            let ready = try await command.ready { _ in
                try FileManager.default.contents(atPath: readyFile).map {
                    try JSONDecoder().decode(Ready.self, from: $0)
                }
            }
            return try await body(TestProgram(ready: ready, folder: folder))
        }
    }

    /// Runs another command of the program to its end and gives what it printed.
    package static func output(
        of arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> String {
        let answer = try await run(path, arguments, environment: environment)
        guard answer.status == 0 else {
            throw TestProgramError.ended(
                .exited(answer.status),
                output: answer.output + answer.messages
            )
        }
        return answer.output
    }

    /// What a command ended with, and what it said.
    package struct Answer: Sendable {
        package let status: Int32
        /// What it wrote to standard output.
        package let output: String
        /// What it wrote to standard error.
        package let messages: String
    }

    /// Runs another command of the program on this program's database.
    package func command(_ arguments: [String]) async throws -> Answer {
        try await Self.run(
            Self.path,
            arguments,
            environment: ["TOKEN_LEDGER_CONFIG_FILE": ready.settingsFile]
        )
    }

    /// Runs any program, with further variables in its environment.
    package static func run(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> Answer {
        let result = try await Subprocess.run(
            path.contains("/") ? .path(FilePath(path)) : .name(path),
            arguments: Arguments(arguments),
            environment: ChildProcess.environment(and: environment),
            output: .string(limit: outputBytesMax),
            error: .string(limit: outputBytesMax)
        )
        guard case .exited(let status) = result.terminationStatus else {
            throw TestProgramError.ended(result.terminationStatus, output: result.standardError)
        }
        return Answer(
            status: status,
            output: result.standardOutput,
            messages: result.standardError
        )
    }
}
