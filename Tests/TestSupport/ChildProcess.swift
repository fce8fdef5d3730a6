internal import Foundation
package import Subprocess
internal import SystemPackage

/// What all programs have in common that tests start as children.
package enum ChildProcess {
    /// The shell becomes the program, which writes to the end of a log.
    ///
    /// Beside it a reader waits for the end of the standard input, which also comes when the tests
    /// are killed, and then sends the program a signal.
    private static let script = """
        log=$1 signal=$2; shift 2
        exec 3<&0 </dev/null >>"$log" 2>&1
        { while read -r line <&3; do :; done; kill -"$signal" $$; } >/dev/null 2>&1 &
        exec "$@" 3<&-
        """

    /// The arguments with which `/bin/sh` becomes the command.
    ///
    /// The signal, such as `INT`, is for the case that the tests end first.
    package static func arguments(
        _ command: [String],
        log: String,
        signal: String
    ) -> Arguments {
        Arguments(["-c", script, "sh", log, signal] + command)
    }

    /// Runs any program while `body` runs, then ends it; it writes to the end of a log.
    package static func run<Value: Sendable>(
        _ command: [String],
        log: String,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: arguments(command, log: log, signal: "TERM"),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    /// Our own environment, with further variables.
    package static func environment(and further: [String: String]) -> Environment {
        .inherit.updating(
            Dictionary(uniqueKeysWithValues: further.map { (.init(stringLiteral: $0), $1) })
        )
    }

    /// Whether it has not ended; then it is a zombie until its status is collected.
    package static func isRunning(_ process: Int32) -> Bool {
        let status = FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data()
        let state = String(decoding: status, as: UTF8.self).split(separator: ")").last?.dropFirst()
        return state.map { !$0.hasPrefix("Z") && !$0.hasPrefix("X") } ?? false
    }
}
