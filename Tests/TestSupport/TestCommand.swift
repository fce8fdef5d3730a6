internal import Foundation
internal import Glibc
package import Subprocess
internal import SystemPackage

/// A command of the program that runs until it is ended: a child of the tests, gone with them.
package struct TestCommand: Sendable {
    /// How it is ended.
    package enum Ending: Sendable {
        /// Ctrl-C, which it must follow with exit code 0.
        case interrupt
        /// The signal of orchestrators, which it must follow with exit code 0.
        case terminate
        /// At once, as a crash does.
        case kill
        /// It is left alone, and must end by itself as a killed one does.
        case crash
    }

    /// The process that it is.
    package let process: pid_t
    /// The file that it writes to.
    private let log: String

    /// A first start makes a database; beside other tests that takes its time.
    private static let readyTimeMax = Duration.seconds(90)
    /// The program itself gives up on its services after 25 seconds.
    private static let endTimeMax = Duration.seconds(40)
    private static let pollInterval = Duration.milliseconds(50)

    /// Starts a command with further variables in its environment, lends it, and ends it.
    ///
    /// A wrapper is a program that becomes the command. Throws `TestProgramError` when it does not end
    /// as it should.
    package static func run<Value: Sendable>(
        _ arguments: [String],
        environment: [String: String] = [:],
        log: String,
        ending: Ending = .interrupt,
        under wrapper: [String] = [],
        _ body: (TestCommand) async throws -> Value
    ) async throws -> Value {
        // What an earlier one wrote would be taken for its own.
        try? FileManager.default.removeItem(atPath: log)
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ChildProcess.arguments(
                wrapper + [try TestProgram.path] + arguments,
                log: log,
                signal: "INT"
            ),
            environment: ChildProcess.environment(and: environment),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let command = TestCommand(process: execution.processIdentifier.value, log: log)
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(command))
            } catch {
                outcome = .failure(error)
            }
            // It may have ended by itself; then its status tells.
            switch (ending, outcome) {
            case (.interrupt, _): command.send(.interrupt)
            case (.terminate, _): command.send(.terminate)
            case (.kill, _), (.crash, .failure): command.send(.kill)
            case (.crash, .success): break
            }
            let hasEnded = try await command.hasEnded()
            if !hasEnded { command.send(.kill) }
            try? await execution.standardInputWriter.finish()
            return (outcome, hasEnded)
        }
        let (outcome, hasEnded) = result.closureResult
        let value = try outcome.get()
        guard hasEnded, result.terminationStatus == ending.status else {
            let output = text(of: log)
            throw hasEnded
                ? TestProgramError.ended(result.terminationStatus, output: output)
                : .goesOn(output: output)
        }
        return value
    }

    /// Waits until it is ready, which `read` sees in what it has written so far.
    package func ready<Value>(_ read: (_ output: String) throws -> Value?) async throws -> Value {
        let start = ContinuousClock.now
        while true {
            if let value = try read(output) { return value }
            guard isRunning, ContinuousClock.now - start < Self.readyTimeMax else {
                throw TestProgramError.notReady(output: output)
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    private func hasEnded() async throws -> Bool {
        let start = ContinuousClock.now
        while isRunning {
            guard ContinuousClock.now - start < Self.endTimeMax else { return false }
            try await Task.sleep(for: Self.pollInterval)
        }
        return true
    }

    /// Sends it a signal; nothing happens when it has ended.
    package func send(_ signal: Signal) {
        kill(process, signal.rawValue)
    }

    /// Whether it has not ended yet.
    package var isRunning: Bool { ChildProcess.isRunning(process) }

    /// What it has written so far.
    package var output: String { Self.text(of: log) }

    /// The text of a file; empty when there is none (any more).
    private static func text(of path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

extension TestCommand.Ending {
    fileprivate var status: TerminationStatus {
        switch self {
        case .interrupt, .terminate: .exited(0)
        case .kill, .crash: .signaled(9)
        }
    }
}
