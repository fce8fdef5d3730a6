import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// Lists that operators read at a terminal: users, and what is wrong with them.
@Suite("lists at the terminal", .timeLimit(.minutes(5)))
struct ListCommandTests {
    private func run(
        _ setup: TestServe.Setup,
        _ command: String
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            TestProgram.path,
            command.split(separator: " ").map(String.init),
            environment: setup.settings
        )
    }

    private func json(_ setup: TestServe.Setup, _ command: String) async throws -> JSONValue {
        let answer = try await run(setup, command + " --json")
        try #require(answer.status == 0, "\(answer.messages)")
        return try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8)
    }

    private func list(_ document: JSONValue, _ name: String) -> [JSONValue] {
        guard case .array(let elements)? = document[name] else { return [] }
        return elements
    }

    private func names(_ document: JSONValue) -> [String] {
        list(document, "users").compactMap { $0["client_user_id"]?.text }
    }

    /// Lends a service with three users, of whom one has no working connection any more.
    private func lend(_ body: (TestServe.Setup) async throws -> Void) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let file = folder.path + "/users.csv"
            let lines = ["alice", "bob", "carol"].map {
                "\($0),human-\($0),public-\($0),access-\($0)"
            }
            _ = FileManager.default.createFile(
                atPath: file,
                contents: Data(
                    (["clientUserId,humanId,publicToken,accessToken"] + lines).joined(
                        separator: "\n"
                    ).utf8
                ),
                attributes: [.posixPermissions: 0o600]
            )
            let imported = try await run(setup, "import \(file)")
            try #require(imported.status == 0, "\(imported.messages)")
            let made = try await json(setup, "api-key create --app serve --scope tokens:report")
            try await TestServe.run(setup) { serve in
                _ = try await JSONCall.post(
                    try await serve.url + "/v1/users/bob/broken",
                    ["reason": "provider_401"],
                    key: made["key"]?.text
                )
                try await body(setup)
            }
        }
    }

    @Test("users stand newest first, a page at a time, and by state")
    func users() async throws {
        try await lend { setup in
            let first = try await json(setup, "user list --limit 2")
            let before = try #require(first["next_before"]?.text)
            let rest = try await json(setup, "user list --limit 2 --before \(before)")
            let listed = [first, rest].flatMap { list($0, "users") }
            // Pseudonyms are in order of time; those of one import may come in any.
            let subjects = listed.compactMap { $0["subject"]?.text }
            #expect(subjects.count == 3 && subjects == subjects.sorted(by: >))
            #expect(names(first).count == 2 && Set(names(first) + names(rest)).count == 3)
            #expect(rest["next_before"] == nil)
            let broken = try await run(setup, "user list --status broken")
            #expect(broken.output.contains("bob") && !broken.output.contains("alice"))
            let none = try await run(setup, "user list --status launched")
            #expect(none.status == 0 && none.output.isEmpty)
            for limit in ["0", "1001"] {
                let refused = try await run(setup, "user list --limit \(limit)")
                #expect(refused.status == 64 && refused.messages.contains("--limit is 1 to 1000."))
            }
            let odd = try await run(setup, "user list --before somebody")
            #expect(odd.status == 64 && odd.messages.contains("--before must be a UUID."))
        }
    }

    @Test("one whose id does not open is shown as damaged, and hides no other")
    func damaged() async throws {
        try await lend { setup in
            let listed = list(try await json(setup, "user list"), "users")
            let bob = try #require(
                listed.first { $0["client_user_id"] == "bob" }?["subject"]?.text
            )
            let database = try #require(setup.settings["TOKEN_LEDGER_OWNER_DATABASE_URL"])
            let owner = try await PostgresConnection.connect(PostgresConfiguration(url: database))
            try await owner.script(
                "update vault.user_state set client_user_id = '\\x00' where subject = '\(bob)'"
            )
            await owner.close()
            let document = try await json(setup, "user list")
            #expect(Set(names(document)) == ["carol", "alice"])
            let row = list(document, "users").first { $0["subject"]?.text == bob }
            #expect(row?["damaged"] == .bool(true) && row?["status"] == nil)
            #expect(try await run(setup, "user list").output.contains("\(bob)  damaged"))
        }
    }

    @Test("a problem is listed, shown, muted and unmuted, and the log says so")
    func problems() async throws {
        try await lend { setup in
            var listed = try await json(setup, "problem list")
            while list(listed, "problems").isEmpty {
                try await Task.sleep(for: .milliseconds(100))
                listed = try await json(setup, "problem list")
            }
            let problem = try #require(list(listed, "problems").first)
            #expect(problem["client_user_id"] == "bob" && problem["state"] == "open")
            let id = try #require(problem["id"]?.text)
            let subject = try #require(problem["subject"]?.text)
            let muted = try await run(setup, "problem mute \(id)")
            #expect(muted.status == 0 && muted.messages.contains("The problem is muted."))
            let unmuted = try await run(setup, "problem unmute \(id)")
            #expect(unmuted.status == 0 && unmuted.messages.contains("The problem is open."))
            let history = try await run(setup, "user history --subject \(subject)")
            #expect(history.output.contains("problem.muted"))
            #expect(history.output.contains("problem.unmuted"))
            let table = try await run(
                setup,
                "problem list --about \(subject) --kind needs_reconnect"
            )
            #expect(table.output.contains(id) && table.output.contains("bob"))
            let named = try await run(setup, "problem list --user alice --state all")
            #expect(named.status == 0 && named.output.isEmpty)
        }
    }

    @Test("who names a problem that is none is told how problems are named")
    func unknown() async throws {
        try await lend { setup in
            let other = "needs_reconnect.019ab5d6-1c00-7abc-8def-0123456789ab"
            let unknown = try await run(setup, "problem show \(other)")
            #expect(unknown.status == 1 && unknown.messages.contains("problem list shows them"))
            let odd = try await run(setup, "problem mute needs_reconnect")
            #expect(odd.status == 64 && odd.messages.contains("a kind and a UUID"))
            let both = try await run(setup, "problem list --user bob --about nobody")
            #expect(both.status == 64 && both.messages.contains("--about must be a UUID."))
        }
    }
}
