import TestSupport
import Testing

/// Who reaches `/metrics`.
@Suite("the address of metrics", .timeLimit(.minutes(5)))
struct MetricsAddressTests {
    /// An address of this machine where nobody listens: a port that is free at one address may be
    /// another process's at 127.0.0.1.
    private static let elsewhere = "127.0.0.3"

    private func status(_ url: String) async throws -> String {
        try await TestProgram.run(
            "curl",
            [
                "--silent", "--max-time", "20", "--output", "/dev/null", "--write-out",
                "%{http_code}", url,
            ]
        ).output
    }

    /// The port that the log says.
    private func port(_ serve: TestServe) async throws -> Int {
        _ = try await serve.port
        // The two listeners begin side by side.
        while true {
            let line = serve.text.split(separator: "\n").first { $0.contains("metrics listen") }
            let port = line?.split(separator: "port=").last.flatMap {
                Int($0.prefix(while: \.isNumber))
            }
            if let port { return port }
            try #require(serve.isRunning, "\(serve.text)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test("a port alone is one of the loopback address, which answers for metrics and nothing else")
    func loopback() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await TestServe.run(setup, ["--metrics-address", "0"]) { serve in
                let port = try await port(serve)
                #expect(try await status("http://127.0.0.1:\(port)/metrics") == "200")
                for path in ["", "/livez", "/v1/users", "/metrics/x"] {
                    #expect(try await status("http://127.0.0.1:\(port)\(path)") == "404")
                }
                // Another address of the same machine: it listens at the one alone.
                #expect(try await status("http://\(Self.elsewhere):\(port)/metrics") == "000")
                // Where callers come nobody reads metrics.
                #expect(try await status("\(serve.url)/metrics") == "404")
            }
        }
    }

    @Test("nothing listens for metrics unless it is named, and with an address at that one")
    func named() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await TestServe.run(setup) { serve in
                _ = try await serve.port
                #expect(!serve.text.contains("metrics listen"))
                let taken = try await TestProgram.run(
                    TestProgram.path,
                    ["serve", "--metrics-address", "\(try await serve.port)"],
                    environment: setup.settings
                )
                #expect(taken.status == 1)
                #expect(taken.messages.contains("The port for metrics is taken"))
            }
            try await TestServe.run(setup, ["--metrics-address", "127.0.0.2:0"]) { serve in
                let port = try await port(serve)
                #expect(try await status("http://127.0.0.2:\(port)/metrics") == "200")
                #expect(try await status("http://\(Self.elsewhere):\(port)/metrics") == "000")
            }
            for wrong in ["x", "127.0.0.1:", ":9464", "::1:9464", "[::1]", "1:65536", "+1", "a:-1"]
            {
                let answer = try await TestProgram.run(
                    TestProgram.path,
                    ["serve", "--metrics-address=\(wrong)"],
                    environment: setup.settings
                )
                #expect(answer.status == 1, "\(wrong)")
                #expect(
                    answer.messages.contains("TOKEN_LEDGER_METRICS_ADDRESS must be"),
                    "\(wrong)"
                )
            }
        }
    }
}
