internal import Foundation
internal import Glibc
internal import Subprocess
internal import SystemPackage

/// A Prometheus of the test's own: a child of the tests, gone with them.
package struct TestPrometheus: Sendable {
    /// Where it answers.
    package let url: String

    /// Runs it with a configuration file, lends it, and ends it.
    ///
    /// Its data and its log are in the folder.
    package static func run<Value: Sendable>(
        _ configuration: String,
        in folder: String,
        port: Int,
        _ body: (TestPrometheus) async throws -> Value
    ) async throws -> Value {
        let address = "127.0.0.1:\(port)"
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: ChildProcess.arguments(
                [
                    "prometheus", "--config.file=\(configuration)",
                    "--storage.tsdb.path=\(folder)/prometheus", "--web.listen-address=\(address)",
                ],
                log: "\(folder)/prometheus.log",
                signal: "TERM"
            ),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(TestPrometheus(url: "http://\(address)")))
            } catch {
                outcome = .failure(error)
            }
            kill(execution.processIdentifier.value, SIGTERM)
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    /// What its query API answers to an expression: the series that there are now, and their values.
    package func query(_ expression: String) async throws -> [BrowserValue] {
        var allowed = CharacterSet.alphanumerics
        allowed.insert("_")
        let query = expression.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return try await get("/api/v1/query?query=" + query)["data"]?["result"]?.array ?? []
    }

    /// What it answers at a path.
    package func get(_ path: String) async throws -> BrowserValue {
        try await JSONCall.get(url + path)
    }
}
