internal import Foundation
internal import LedgerStack
internal import Subprocess
internal import SystemPackage

/// `token-ledger serve` on the benchmark's database, in a process of its own: what it takes of
/// processors and memory is nobody else's.
enum ServiceProcess {
    /// The shell becomes the service; beside it a reader waits for the end of the standard input,
    /// which also comes when this program is killed, and then tells the service to end.
    private static let script = """
        exec 3<&0 </dev/null >/dev/null 2>&1
        { while read -r line <&3; do :; done; kill -TERM $$; } &
        exec "$1" serve 3<&-
        """

    /// Runs a service while `body` works with a stack that measures it.
    static func run<Value: Sendable>(
        _ stack: BenchStack,
        _ body: (BenchStack) async throws -> Value
    ) async throws -> Value {
        let port = try await LocalPort.free()
        let settings = [
            "TOKEN_LEDGER_DATABASE_URL": stack.ledger.serviceURL,
            "TOKEN_LEDGER_ROOT_KEY_FILE": stack.ledger.rootKeyFile,
            "TOKEN_LEDGER_SPOOL_FOLDER": "\(stack.folder)/service-spool",
            "TOKEN_LEDGER_PORT": "\(port)",
            // As quiet as the service within this process, so that the figures can be compared.
            "TOKEN_LEDGER_LOG_LEVEL": "error",
            // One key makes all calls here.
            "TOKEN_LEDGER_KEY_RATE": "0", "TOKEN_LEDGER_NEW_USER_RATE": "0",
            // Whoever takes webhooks here is on this machine.
            "TOKEN_LEDGER_WEBHOOK_NETWORKS": "127.0.0.0/8",
        ]
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ["-c", script, "sh", program],
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: settings.map { (.init(stringLiteral: $0), $1) })
            ),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            var measured = stack
            measured.port = port
            measured.service = Int(execution.processIdentifier.value)
            let outcome: Result<Value, any Error>
            do {
                try await HTTPCaller().waitFor("http://\(LocalPort.host):\(port)/readyz")
                outcome = .success(try await body(measured))
            } catch {
                outcome = .failure(error)
            }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }
}
