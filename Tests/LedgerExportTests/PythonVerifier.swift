import Foundation
import Subprocess
import Testing

/// The verifier in Python, which knows the description of bundles and nothing of our code.
struct PythonVerifier {
    private struct Question: Encodable {
        var command = "bundle"
        var keys: [String]
        var files: [String: Data]
    }

    /// What it found.
    struct Answer: Decodable {
        var accepted: Bool
        var message: String
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let outputBytesMax = 16 << 20
    private static let script =
        String(#filePath.dropLast("LedgerExportTests/PythonVerifier.swift".count))
        + "MerkleLogTests/verifier.py"

    /// Asks about many bundles in one process.
    static func ask(_ bundles: [EditableBundle], key: String) async throws -> [Answer] {
        let lines = try bundles.map { bundle in
            let files = bundle.files.mapValues { Data($0) }
            let question = Question(keys: [key], files: files)
            return String(decoding: try JSONEncoder().encode(question), as: UTF8.self) + "\n"
        }
        let (output, status) = try await run([script, "batch"], input: lines.joined())
        guard status == 0 else { throw Failure(description: output) }
        let answers = try output.split(separator: "\n").map {
            try JSONDecoder().decode(Answer.self, from: Data($0.utf8))
        }
        try #require(answers.count == bundles.count)
        return answers
    }

    /// Verifies a folder as a person would.
    static func verify(_ folder: String, key: String) async throws -> (text: String, status: Int32)
    {
        try await run([script, "bundle", "--key", key, folder])
    }

    /// Runs Python; the answer has both outputs.
    static func run(
        _ arguments: [String],
        input: String = ""
    ) async throws -> (text: String, status: Int32) {
        do {
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: Arguments(arguments),
                input: .string(input),
                output: .string(limit: outputBytesMax),
                error: .string(limit: outputBytesMax)
            )
            guard case .exited(let status) = result.terminationStatus else {
                throw Failure(description: "it ended with \(result.terminationStatus)")
            }
            return (result.standardOutput + result.standardError, Int32(status))
        } catch {
            throw Failure(description: "the independent verifier needs python3: \(error)")
        }
    }
}
