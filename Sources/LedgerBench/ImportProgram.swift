internal import Foundation
internal import LedgerStack
internal import Subprocess
internal import SystemPackage
internal import Wire

/// `token-ledger import` on the benchmark's database, in a process of its own: what it takes of
/// processors and memory is nobody else's.
struct ImportProgram: Sendable {
    /// What one run gave.
    struct Run: Sendable {
        /// What it has printed.
        let document: JSONValue
        /// How long it took, its start included.
        let seconds: Double
        /// What it has had of the processors.
        let processorSeconds: Double
        /// How much memory it held at most.
        let memoryBytesMax: Int
    }

    let ledger: PrivateLedger

    private static let outputBytesMax = 64 * 1024
    private static let documentDepthMax = 4
    /// How often is looked how much memory it holds: the system remembers the most.
    private static let lookPause: Duration = .milliseconds(20)

    /// Imports a file.
    func run(_ file: String, _ flags: [String] = []) async throws -> Run {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let settings = [
            "TOKEN_LEDGER_DATABASE_URL": ledger.serviceURL,
            "TOKEN_LEDGER_ROOT_KEY_FILE": ledger.rootKeyFile,
        ]
        let (before, start) = (ProcessorClock.ofEndedChildren(), ContinuousClock.now)
        let result = try await Subprocess.run(
            .path(FilePath(program)),
            arguments: .init(["import", "--json"] + flags + [file]),
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: settings.map { (.init(stringLiteral: $0), $1) })
            ),
            input: .none,
            output: .string(limit: Self.outputBytesMax),
            error: .discarded
        ) { execution in
            var most = 0
            while let bytes = ProcessorMeter.memoryMax(
                of: Int(execution.processIdentifier.value)
            ) {
                most = bytes
                try? await Task.sleep(for: Self.lookPause)
            }
            return most
        }
        guard result.terminationStatus.isSuccess else {
            throw BenchError.programFailed("token-ledger import", result.standardOutput)
        }
        return Run(
            document: try JSONParser.parse(
                Array(result.standardOutput.utf8),
                depthMax: Self.documentDepthMax
            ),
            seconds: (ContinuousClock.now - start) / .seconds(1),
            processorSeconds: ProcessorClock.ofEndedChildren() - before,
            memoryBytesMax: result.closureResult
        )
    }
}
