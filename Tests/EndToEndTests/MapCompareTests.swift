import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// A database and a copy of it, which others have changed since.
@Suite("maps of two databases", .timeLimit(.minutes(5)))
struct MapCompareTests {
    private func run(
        _ setup: TestServe.Setup,
        _ command: [String]
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(TestProgram.path, command, environment: setup.settings)
    }

    private func take(
        _ users: [String],
        _ setup: TestServe.Setup,
        _ folder: TestProgramFolder
    ) async throws {
        let lines = users.map { "\($0),human-\($0),public-\($0),access-\($0)" }
        let head = "clientUserId,humanId,publicToken,accessToken"
        let text = ([head] + lines).joined(separator: "\n")
        let file = try write(text, "users-\(users.count).csv", folder)
        let imported = try await run(setup, ["import", file])
        try #require(imported.status == 0, "\(imported.messages)")
    }

    private func write(
        _ text: String,
        _ name: String,
        _ folder: TestProgramFolder
    ) throws -> String {
        let file = "\(folder.path)/\(name)"
        _ = FileManager.default.createFile(
            atPath: file,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600]
        )
        return file
    }

    @Test("who has another state in a copy is named, and nobody else; equal maps are one number")
    func compares() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await take(["alice", "bob", "carol"], setup, folder)
            let copy = try await TestPostgres.freshDatabase(template: database.name)
            let compare = [
                "map", "compare", "--other-database-url-file",
                try write(copy.url, "copy.url", folder),
            ]
            let same = try await run(setup, compare)
            #expect(same.status == 0, "\(same.messages)")
            #expect(same.output.contains("Every user has the same state in both."))

            try await take(["dave"], setup, folder)
            let held = try await run(
                setup,
                ["user", "hold", "--user", "alice", "--reason", "audit"]
            )
            try #require(held.status == 0, "\(held.messages)")
            let other = try await run(setup, compare)
            #expect(other.status == 6, "\(other.messages)")
            let document = try await run(setup, compare + ["--json"])
            let json = try JSONParser.parse(Array(document.output.utf8.dropLast()), depthMax: 8)
            #expect(json["are_same"] == .bool(false) && json["is_cut"] == .bool(false))
            let subjects = try await subjects(setup)
            #expect(
                try differences(json) == [
                    #require(subjects["alice"]): "different",
                    #require(subjects["dave"]): "only_here",
                ]
            )
            #expect(other.output.contains("\(subjects["dave"] ?? "-")  only here"))
            let cut = try await run(setup, compare + ["--limit", "1"])
            #expect(cut.status == 6 && cut.messages.contains("There are more"))
        }
    }

    private func differences(_ json: JSONValue) throws -> [String: String] {
        guard case .array(let elements)? = json["differences"] else { return [:] }
        var kinds: [String: String] = [:]
        for element in elements { kinds[element["subject"]?.text ?? ""] = element["kind"]?.text }
        return kinds
    }

    private func subjects(_ setup: TestServe.Setup) async throws -> [String: String] {
        let listed = try await run(setup, ["user", "list", "--json"])
        let json = try JSONParser.parse(Array(listed.output.utf8.dropLast()), depthMax: 8)
        guard case .array(let users)? = json["users"] else { return [:] }
        var subjects: [String: String] = [:]
        for user in users {
            subjects[user["client_user_id"]?.text ?? ""] = user["subject"]?.text
        }
        return subjects
    }
}
