import Foundation
import TestSupport
import Testing
import Wire

/// Erasure as an operator sees it, and the restore of an older database.
@Suite("erasure commands", .timeLimit(.minutes(5)))
struct ErasureCommandTests {
    private static let verifier =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/MerkleLogTests/verifier.py"

    private func run(
        _ command: String,
        _ setup: TestServe.Setup
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            TestProgram.path,
            command.split(separator: " ").map(String.init),
            environment: setup.settings
        )
    }

    private func json(_ answer: TestProgram.Answer) throws -> JSONValue {
        try #require(answer.status == 0, "\(answer.messages)")
        return try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8)
    }

    @Test("a receipt is verified by a stranger's tool, and obeyed after a restore")
    func restore() async throws {
        let original = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: original.url)
            let list = folder.path + "/erasures"
            let flags = ["--erasure-folder", list]
            try await TestServe.run(setup, flags) { serve in
                for user in ["alice", "bob"] {
                    let launched = try await serve.launch(user)
                    #expect(launched.status == 201)
                }
            }
            let backup = try await TestPostgres.freshDatabase(template: original.name)
            try await TestServe.run(setup, flags) { serve in
                _ = try await serve.url
                let asked = try await run("user erase --user alice", setup)
                #expect(asked.status == 1 && asked.messages.contains("--yes does it"))
                #expect(try await run("user hold --user alice --reason audit", setup).status == 0)
                let held = try await run("user erase --user alice --yes", setup)
                #expect(held.status == 1 && held.messages.contains("A hold keeps this user"))
                #expect(try await run("user release --user alice", setup).status == 0)
                let receipt = try json(try await run("user erase --user alice --yes --json", setup))
                try await expectProof(receipt, folder.path, setup)
                let subject = try #require(receipt["subject"]?.text)
                let story = try await run("user history --subject \(subject) --json", setup)
                let told = try json(story)
                #expect(told["status"] == "erased")
                #expect(try await run("user history --user alice", setup).status == 1)
                try await expectBundle(folder.path + "/bundle", setup)
                try await eventually {
                    FileManager.default.fileExists(atPath: "\(list)/\(subject).json")
                }
            }
            let restored = setup.on(backup.url)
            #expect(try await run("user history --user alice", restored).status == 0)
            try await TestServe.run(restored, flags) { serve in
                let before = try await serve.readiness()
                #expect(before.status == 503 && before.text.contains("erasures_undone"))
                #expect(before.text.contains("token-ledger user erase --from"))
                let first = try json(try await run("user erase --from \(list) --json", restored))
                #expect(first["unchanged"] == .number("0"))
                #expect(first["erased"] != .array([]))
                let again = try await run("user erase --from \(list)", restored)
                #expect(again.status == 0 && again.output.contains("0 erased again; 1 were"))
                try await eventually { try await serve.readiness().status == 200 }
            }
            #expect(try await run("user history --user alice", restored).status == 1)
            #expect(try await run("user history --user bob", restored).status == 0)
            let verified = try await run("verify", restored)
            #expect(verified.status == 0, "\(verified.output) \(verified.messages)")
            try Data("{}".utf8).write(
                to: URL(fileURLWithPath: "\(list)/019ab5d6-1c00-7abc-8def-0123456789ab.json")
            )
            let odd = try await run("user erase --from \(list)", restored)
            #expect(odd.status == 1 && odd.messages.contains("it is no receipt of an erasure"))
        }
    }

    /// Has the verifier in Python check the receipt, and one with another record.
    private func expectProof(
        _ receipt: JSONValue,
        _ folder: String,
        _ setup: TestServe.Setup
    ) async throws {
        let key = try await run("checkpoint key", setup).output.dropLast()
        let proof = folder + "/receipt.proof"
        let entry = folder + "/receipt.entry"
        let text = try #require(receipt["tlog_proof"]?.text)
        try Data(text.utf8).write(to: URL(fileURLWithPath: proof))
        var bytes = try #require(receipt["event"]).encoded
        for isRight in [true, false] {
            try Data(bytes).write(to: URL(fileURLWithPath: entry))
            let answer = try await TestProgram.run(
                "python3",
                [Self.verifier, "inclusion", "--key", String(key), proof, entry]
            )
            #expect((answer.status == 0) == isRight, "\(answer.output) \(answer.messages)")
            bytes[bytes.count - 4] ^= 1
        }
    }

    /// Exports the whole log, erasure included, and has both verifiers look at it.
    private func expectBundle(_ path: String, _ setup: TestServe.Setup) async throws {
        let made = try await run(
            "export --bundle \(path) --format csv --identities --by auditor --reason test",
            setup
        )
        #expect(made.status == 0, "\(made.messages)")
        let events = try String(contentsOfFile: path + "/events.csv", encoding: .utf8)
        for type in ["subject.held", "subject.released", "subject.erased"] {
            #expect(events.contains(type))
        }
        let key = try await run("checkpoint key", setup).output.dropLast()
        let verified = try await run("verify \(path) --key \(key)", setup)
        #expect(verified.status == 0, "\(verified.output) \(verified.messages)")
        let answer = try await TestProgram.run(
            "python3",
            [Self.verifier, "bundle", "--key", String(key), path]
        )
        #expect(answer.status == 0, "\(answer.output) \(answer.messages)")
    }

    private func eventually(_ holds: () async throws -> Bool) async throws {
        while !(try await holds()) { try await Task.sleep(for: .milliseconds(100)) }
    }
}
