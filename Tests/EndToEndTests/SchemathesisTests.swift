import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The running program against its own document, by somebody else's generator of requests.
@Suite("openapi.yaml and the service", .timeLimit(.minutes(60)))
struct SchemathesisTests {
    private static let top =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    /// Where `make ready-for-tests` installs it.
    private static let program = top + "/.build/schemathesis/bin/schemathesis"
    private static let configuration =
        top + "/Tests/EndToEndTests/Schemathesis/schemathesis.toml"
    /// For each operation and phase: 20,000 calls and more (docs/threats.md#g23), in some minutes; more
    /// by `SCHEMATHESIS_EXAMPLES`.
    private static let examples = 500
    private static let seed = "20261129"
    /// The user of the document's examples.
    private static let user = "alice@example.com"

    @Test("no answer is a server error, unlike what the document says, or given without a key")
    func document() async throws {
        let more = ProcessInfo.processInfo.environment["SCHEMATHESIS_EXAMPLES"]
        let examples = more ?? "\(Self.examples)"
        // Whoever asks for more wants others, too.
        let seed = more == nil ? Self.seed : "\(UInt32.random(in: 0...(.max)))"
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder) { program in
                try await program.connect(Self.user, source: "band")
                let url = program.ready.ledgerURL
                let key = try #require(program.ready.apiKeys["all"])
                let result = try await Subprocess.run(
                    .path(FilePath(Self.program)),
                    arguments: [
                        "--config-file", Self.configuration, "run", url + "/openapi.yaml", "--url",
                        url, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples",
                        examples, "--seed", seed, "--request-timeout", "60", "--no-color",
                    ],
                    environment: ChildProcess.environment(and: ["LEDGER_KEY": key]),
                    // It keeps what it found where it was started.
                    workingDirectory: FilePath(folder.path),
                    output: .string(limit: 1 << 24),
                    error: .combinedWithOutput
                )
                let report = result.standardOutput
                // A service that was always busy would pass.
                let after = "after+\(Self.user)"
                try await program.connect(after, source: "band")
                let tokens = try await program.tokens(of: after)
                #expect(tokens["access_token"]?.string?.isEmpty == false)
                #expect(result.terminationStatus.isSuccess, "\(report)")
                // A document that was not understood would be kept by every service.
                let counts = report.firstMatch(
                    of: /Selected: ([0-9]+)\/([0-9]+)\s+Tested: ([0-9]+)/
                )
                let selected = try #require(counts.flatMap { Int($0.1) }, "\(report)")
                #expect(selected > 25 && counts?.1 == counts?.2 && counts?.1 == counts?.3)
            }
        }
    }
}
