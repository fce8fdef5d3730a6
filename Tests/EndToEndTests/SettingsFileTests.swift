import Foundation
import TestSupport
import Testing

/// What stands in the settings file counts, or is refused in words (docs/operator.md#settings).
@Suite("the settings file", .timeLimit(.minutes(5)))
struct SettingsFileTests {
    private func start(
        _ content: String,
        _ environment: [String: String] = [:]
    ) async throws -> TestProgram.Answer {
        try await TestProgramFolder.lend { folder in
            let key = folder.path + "/root.key"
            let made = try await TestProgram.run(TestProgram.path, ["root-key", "create", key])
            try #require(made.status == 0, "\(made.messages)")
            let file = folder.path + "/settings.json"
            try Data(content.utf8).write(to: URL(filePath: file))
            return try await TestProgram.run(
                TestProgram.path,
                ["serve", "--config-file", file],
                environment: environment.merging(["TOKEN_LEDGER_ROOT_KEY_FILE": key]) { $1 }
            )
        }
    }

    @Test(
        "a value of another form is not taken for none",
        arguments: [
            (#"{"port": true}"#, "port, which must be a whole number"),
            (#"{"port": 8080.5}"#, "port, which must be a whole number"),
            (#"{"keyRate": null}"#, "keyRate, which must be a whole number"),
            (#"{"host": 127}"#, "host, which must be a text"),
            (#"{"host": ["127.0.0.1"]}"#, "host, which must be a text"),
            (#"{"databaseUrl": {"host": "a"}}"#, "databaseUrl, which must be a text"),
            (#"{"spoolFolder": false}"#, "spoolFolder, which must be a text"),
            (#"{"acceptUnsafeServer": 1}"#, "acceptUnsafeServer, which must be true or false"),
            (#"{"acceptUnsafeServer": "yes"}"#, "ACCEPT_UNSAFE_SERVER must be true or false"),
            (#"{"databaseURL": "a"}"#, "databaseURL, which is no setting"),
            (#"["host"]"#, "is not a JSON object"), ("host: 127.0.0.1", "is not a JSON object"),
        ]
    )
    func form(content: String, complaint: String) async throws {
        let answer = try await start(content)
        #expect(answer.status == 1)
        #expect(answer.messages.contains(complaint), "\(answer.messages)")
    }

    @Test("an empty variable hides nothing of the file, and one with a value wins")
    func empty() async throws {
        let file = #"{"host": "0.0.0.0", "databaseUrl": "host=/nowhere"}"#
        let hidden = try await start(file, ["TOKEN_LEDGER_HOST": ""])
        #expect(hidden.messages.contains("means every address"), "\(hidden.messages)")
        let others = ["TOKEN_LEDGER_HOST": "127.0.0.1", "TOKEN_LEDGER_PORT": "70000"]
        let won = try await start(file, others)
        #expect(won.messages.contains("TOKEN_LEDGER_PORT must be"), "\(won.messages)")
    }
}
