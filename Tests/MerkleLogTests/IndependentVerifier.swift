import Foundation
import Subprocess
import Testing

/// `verifier.py`, which knows the specifications and nothing of our code.
struct IndependentVerifier {
    /// One question, as its batch mode takes it.
    struct Question: Encodable {
        var command: String
        var keys: [String]
        var origin: String?
        var files: [String: Data]

        init(_ command: String, keys: [String], origin: String?, files: [String: [UInt8]]) {
            self.command = command
            self.keys = keys
            self.origin = origin
            self.files = files.mapValues { Data($0) }
        }
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
        String(#filePath.dropLast("IndependentVerifier.swift".count))
        + "verifier.py"

    /// Asks everything in one process, for starting one takes longer than most answers.
    static func ask(_ questions: [Question]) async throws -> [Answer] {
        let lines = try questions.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n"
        }
        let output = try await run(["batch"], input: lines.joined())
        guard output.status == 0 else { throw Failure(description: output.error) }
        let answers = try output.text.split(separator: "\n").map {
            try JSONDecoder().decode(Answer.self, from: Data($0.utf8))
        }
        try #require(answers.count == questions.count)
        return answers
    }

    /// Runs it as a person would.
    static func run(
        _ arguments: [String],
        input: String = ""
    ) async throws -> (status: Int32, text: String, error: String) {
        do {
            let result = try await Subprocess.run(
                .name("python3"),
                arguments: Arguments([script] + arguments),
                input: .string(input),
                output: .string(limit: outputBytesMax),
                error: .string(limit: outputBytesMax)
            )
            guard case .exited(let status) = result.terminationStatus else {
                throw Failure(description: "it ended with \(result.terminationStatus)")
            }
            return (Int32(status), result.standardOutput, result.standardError)
        } catch {
            throw Failure(description: "the independent verifier needs python3: \(error)")
        }
    }
}
