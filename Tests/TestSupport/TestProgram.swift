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
            case clientID = "client_id"
            case settingsFile = "settings_file"
            case databaseURL = "database_url"
            case checkpointVerifierKey = "checkpoint_verifier_key"
            case apiKeys = "api_keys"
        }
    }

    /// How the program is ended.
    package enum Ending: Sendable {
        /// Ctrl-C, which it must follow with exit code 0.
        case interrupt
        /// At once, as a crash does.
        case kill
    }

    /// What it said when it was ready.
    package let ready: Ready
    /// Where its data is.
    package let folder: TestProgramFolder

    /// A first start makes a database; beside other tests that takes its time.
    private static let readyTimeMax = Duration.seconds(90)
    /// The program itself gives up on its services after 25 seconds.
    private static let endTimeMax = Duration.seconds(40)
    private static let pollInterval = Duration.milliseconds(50)
    private static let outputBytesMax = 1 << 20

    /// The program, which stands beside the tests.
    package static var path: String {
        get throws {
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
        ending: Ending = .interrupt,
        _ body: (TestProgram) async throws -> Value
    ) async throws -> Value {
        let readyFile = "\(folder.path)/ready.json"
        let log = "\(folder.path)/output.log"
        // A program that was killed has left its own.
        try? FileManager.default.removeItem(atPath: readyFile)
        // The shell becomes the program. Beside it a reader waits for the end of the standard
        // input, which also comes when the tests are killed.
        let script = """
            log=$1; shift
            exec 3<&0 </dev/null >"$log" 2>&1
            { while read -r line <&3; do :; done; kill -INT $$; } >/dev/null 2>&1 &
            exec "$@" 3<&-
            """
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: [
                "-c", script, "sh", log, try path, "dev", "--port", "0",
                "--data-folder", "\(folder.path)/data", "--ready-file", readyFile,
            ],
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let process = execution.processIdentifier.value
            let outcome: Result<Value, any Error>
            do {
                let ready = try await ready(readyFile, log: log, process)
                outcome = .success(try await body(TestProgram(ready: ready, folder: folder)))
            } catch {
                outcome = .failure(error)
            }
            // It may have ended by itself; then its status tells.
            try? execution.send(signal: ending == .interrupt ? .interrupt : .kill)
            if try await !hasEnded(process) { try? execution.send(signal: .kill) }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        let value = try result.closureResult.get()
        guard result.terminationStatus == ending.status else {
            throw TestProgramError.ended(result.terminationStatus, output: folder.text(log))
        }
        return value
    }

    /// Runs another command of the program to its end and gives what it printed.
    package static func output(of arguments: [String]) async throws -> String {
        let answer = try await run(path, arguments)
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
            environment: .inherit.updating(
                Dictionary(
                    uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0), $1) }
                )
            ),
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

    /// The ready file is whole as soon as it is there.
    private static func ready(_ path: String, log: String, _ process: pid_t) async throws -> Ready {
        let start = ContinuousClock.now
        while true {
            if let data = FileManager.default.contents(atPath: path) {
                return try JSONDecoder().decode(Ready.self, from: data)
            }
            guard isRunning(process), ContinuousClock.now - start < readyTimeMax else {
                let output = FileManager.default.contents(atPath: log) ?? Data()
                throw TestProgramError.notReady(output: String(decoding: output, as: UTF8.self))
            }
            try await Task.sleep(for: pollInterval)
        }
    }

    private static func hasEnded(_ process: pid_t) async throws -> Bool {
        let start = ContinuousClock.now
        while isRunning(process) {
            guard ContinuousClock.now - start < endTimeMax else { return false }
            try await Task.sleep(for: pollInterval)
        }
        return true
    }

    /// A process that has ended is a zombie until its status is collected, and then nothing.
    private static func isRunning(_ process: pid_t) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data()
        let state = String(decoding: status, as: UTF8.self).split(separator: ")").last?.dropFirst()
        return state.map { !$0.hasPrefix("Z") } ?? false
    }
}

extension TestProgram.Ending {
    fileprivate var status: TerminationStatus {
        switch self {
        case .interrupt: .exited(0)
        case .kill: .signaled(9)
        }
    }
}
