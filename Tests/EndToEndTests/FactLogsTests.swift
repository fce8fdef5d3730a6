import Foundation
import TestSupport
import Testing

/// Everything with several logs of facts, by the program alone.
@Suite("several logs of facts", .timeLimit(.minutes(5)))
struct FactLogsTests {
    private static let logs = 3
    private static let users = (0..<24).map { "user-\($0)@example.com" }

    @Test("whoever calls notices nothing, and evidence is of each log")
    func story() async throws {
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder, ["--fact-logs", "\(Self.logs)"]) { program in
                for user in Self.users { try await program.connect(user, source: "band") }
                for user in Self.users {
                    let tokens = try await program.tokens(of: user)
                    #expect(tokens["access_token"]?.string?.isEmpty == false)
                }
                try await expectAllListed(program)
                try await expectExports(program, in: folder.path)
                try await expectPositions(program, in: folder.path)
                try await expectEvidence(program)
                try await expectFixed(program)
            }
        }
    }

    /// The list has everybody, each in the log that the pseudonym names, and each log has somebody.
    private func expectAllListed(_ program: TestProgram) async throws {
        let answer = try await program.command(["user", "list", "--json"])
        #expect(answer.status == 0, "\(answer.messages)")
        let document = try JSONDecoder().decode(BrowserValue.self, from: Data(answer.output.utf8))
        #expect(document["users"]?.array.count == Self.users.count, "\(answer.output)")
    }

    /// A file has what a stream has: one log after the other; one log alone is one that is named.
    private func expectExports(_ program: TestProgram, in folder: String) async throws {
        let all = try await program.command(["export"])
        #expect(all.status == 0, "\(all.messages)")
        let file = "\(folder)/all.ndjson"
        let written = try await program.command(["export", "--output", file])
        #expect(written.status == 0, "\(written.messages)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == all.output)
        #expect(!FileManager.default.fileExists(atPath: file + ".progress"))
        var parts = ""
        for pair in 0..<Self.logs {
            let part = try await program.command(["export", "--log", "facts-\(pair)"])
            #expect(part.status == 0 && !part.output.isEmpty, "\(part.messages)")
            parts += part.output
        }
        #expect(parts == all.output)
        for name in ["facts-\(Self.logs)", "facts-511"] {
            let refused = try await program.command(["export", "--log", name])
            #expect(refused.status == 1)
            #expect(
                refused.messages.contains(
                    "There is no log \(name): --log is facts or facts-0 to facts-2 here."
                ),
                "\(refused.messages)"
            )
        }
        let keys = try await program.command(["checkpoint", "key"])
        let names = keys.output.split(separator: "\n").map { $0.split(separator: "+")[0] }
        #expect(names.map { $0.split(separator: "/").last } == ["0", "2", "4"])
        // As a shell's "$FACTS" has them: without the last line's end.
        let pinned = keys.output.trimmingCharacters(in: .newlines)
        let verdict = try await program.command(["verify", "--key", pinned, "--json"])
        #expect(verdict.status == 0, "\(verdict.messages)")
        let pins = verdict.output.components(separatedBy: "\"pinned\"").count - 1
        #expect(pins == 3, "\(verdict.output)")
    }

    /// A position is one of one log, so that has to be named.
    private func expectPositions(_ program: TestProgram, in folder: String) async throws {
        let key = "\(folder)/key"
        _ = FileManager.default.createFile(
            atPath: key,
            contents: Data((program.ready.apiKeys["all"] ?? "").utf8),
            attributes: [.posixPermissions: 0o600]
        )
        let added = try await program.command([
            "webhook", "add", "--app", program.ready.clientID, "https://hooks.invalid/", "--json",
        ])
        let document = try JSONDecoder().decode(BrowserValue.self, from: Data(added.output.utf8))
        let endpoint = try #require(document["endpoint"]?.string, "\(added.messages)")
        let tail = ["events", "tail", "--url", program.ready.ledgerURL, "--key-file", key]
        let commands = [
            ["export", "--from-position", "2", "--until-position", "4"],
            tail + ["--no-follow", "--from", "2"],
            ["webhook", "replay", endpoint, "--from", "2", "--until", "4"],
        ]
        for command in commands {
            let refused = try await program.command(command)
            #expect(refused.status == 1, "\(command)")
            #expect(refused.messages.contains("facts-0"), "\(refused.messages)")
            for pair in 0..<Self.logs {
                let answer = try await program.command(command + ["--log", "facts-\(pair)"])
                #expect(answer.status == 0, "\(command) \(answer.messages)")
            }
        }
        for size in ["2", "facts:2"] {
            let refused = try await program.command(["verify", "--since", size])
            #expect(refused.status == 1 && refused.messages.contains("facts-0"), "\(size)")
        }
        let one = try await program.command(commands[0] + ["--log", "facts-1"])
        let whole = try await program.command(["export", "--log", "facts-1"])
        let lines = whole.output.split(separator: "\n")
        #expect(one.output.split(separator: "\n") == Array(lines[2..<4]))
        let told = try await program.command(commands[1] + ["--log", "facts-1"])
        #expect(told.output.contains("  facts-1:2  "), "\(told.output)")
        #expect(told.output.split(separator: "\n").count == lines.count - 2)
        _ = try await program.command(["webhook", "remove", endpoint])
    }

    private func expectEvidence(_ program: TestProgram) async throws {
        let verdict = try await program.command(["verify"])
        #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        for log in ["facts", "facts-1", "facts-2", "map", "map-1", "map-2"] {
            #expect(verdict.messages.contains("Log \(log): "), "\(verdict.messages)")
        }
        let rebuilt = try await program.command(["projection", "rebuild"])
        #expect(rebuilt.status == 0, "\(rebuilt.messages)")
        #expect(rebuilt.output.contains("0 rows were different"), "\(rebuilt.output)")
        let doctor = try await program.command(["doctor"])
        #expect(doctor.status == 0, "\(doctor.output) \(doctor.messages)")
    }

    /// Users belong to their logs by a hash, so that there are no fewer later.
    private func expectFixed(_ program: TestProgram) async throws {
        for count in [1, 2] {
            let refused = try await program.command(["migrate", "--fact-logs", "\(count)"])
            #expect(refused.status == 1)
            #expect(refused.messages.contains("has \(Self.logs) logs of facts, and keeps them"))
        }
        let same = try await program.command(["migrate", "--fact-logs", "\(Self.logs)"])
        #expect(same.status == 0, "\(same.messages)")
    }
}
