import Foundation
import MerkleLog
import Subprocess
import SystemPackage
import Testing
import TestSupport
@testable import Witness

@Suite("token-ledger witness", .timeLimit(.minutes(2)))
struct ProgramTests {
    private static let pollInterval: Duration = .milliseconds(50)

    /// Arguments that name a key and a folder of this test.
    static func arguments(_ folder: TemporaryFolder, _ key: VerifierKey) throws -> [String] {
        let file = folder.path + "/key"
        if !FileManager.default.fileExists(atPath: file) {
            _ = try folder.write(String(repeating: "02", count: 32), to: "key")
        }
        return [
            "witness", "--name", "witness.example/w1", "--key-file", file, "--state-folder",
            folder.path + "/state", "--log", key.description, "--port", "0",
        ]
    }

    /// Runs the program until the body ends, then kills it at once, as a crash does.
    static func run<Value: Sendable>(
        _ folder: TemporaryFolder,
        _ key: VerifierKey,
        _ body: (LiveWitness) async throws -> Value
    ) async throws -> Value {
        let output = folder.path + "/output \(UUID().uuidString)"
        let script = #"output=$1; shift; exec "$@" >"$output" 2>&1"#
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(
                ["-c", script, "sh", output, try TestProgram.path]
                    + (try arguments(folder, key))
            ),
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(try await ready(output)))
            } catch {
                outcome = .failure(error)
            }
            try? execution.send(signal: .kill)
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    /// Waits until the program has said its key and where it is.
    static func ready(_ output: String) async throws -> LiveWitness {
        while true {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            if let place = text.firstRange(of: " is at "),
                let end = text[place.upperBound...].firstIndex(of: "\n")
            {
                let keys = text.split(separator: "\n").compactMap { try? VerifierKey(String($0)) }
                return LiveWitness(
                    url: String(text[place.upperBound..<end]),
                    key: try #require(keys.first)
                )
            }
            try await Task.sleep(for: pollInterval)
        }
    }

    @Test("it says its key, signs, and after a kill knows what it signed")
    func killed() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            let arguments = try Self.arguments(folder, log.key)
            let key = try await TestProgram.output(of: ["witness", "key"] + arguments[1...4])
            try await Self.run(folder, log.key) { witness in
                #expect(witness.key.description + "\n" == key)
                let request = try log.request(from: 0, to: 300)
                let answer = try await witness.post(request.bytes)
                #expect(answer.status == 200)
                let lines = try NoteSignature.lines(answer.body)
                let note = try SignedNote(text: request.note.text, signatures: lines)
                #expect(try note.verify([witness.key]).count == 1)
                // A second one on the same folder could sign something else.
                let second = try await TestProgram.run(TestProgram.path, arguments)
                #expect(second.status == 1)
                #expect(second.messages.contains("another witness works on the state folder"))
            }
            try await Self.run(folder, log.key) { witness in
                let answer = try await witness.post(log.request(from: 0, to: 5).bytes)
                #expect(answer.status == 409)
                #expect(answer.body == Array("300\n".utf8))
            }
        }
    }

    @Test("without a log, with a key that is none or a file that others may read it does not start")
    func refused() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            let right = try Self.arguments(folder, log.key)
            let open = try folder.write("00", to: "open", permissions: 0o644)
            let witness = try Cosigner(name: "w", seed: [UInt8](repeating: 3, count: 32)).key
            let cases: [([String], Int32, String)] = [
                (right.filter { ![log.key.description, "--log"].contains($0) }, 64, "--log"),
                (right.map { $0 == log.key.description ? "x" : $0 }, 1, "malformed"),
                (right.map { $0 == log.key.description ? "\(witness)" : $0 }, 1, "not a log's"),
                (right + ["--log", log.key.description], 1, "there twice"),
                (right.map { $0 == folder.path + "/key" ? open : $0 }, 1, "chmod 600"),
                (right.map { $0 == "witness.example/w1" ? "a b" : $0 }, 1, "a space or a plus"),
            ]
            for (arguments, status, words) in cases {
                let answer = try await TestProgram.run(TestProgram.path, arguments)
                #expect(answer.status == status, "\(arguments)")
                #expect(answer.messages.contains(words), "\(answer.messages)")
            }
        }
    }
}
