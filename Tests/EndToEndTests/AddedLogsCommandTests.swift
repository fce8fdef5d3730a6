import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// Logs that are added to a ledger with users, by the program alone.
@Suite("logs that are added", .timeLimit(.minutes(5)))
struct AddedLogsCommandTests {
    private static let role = "token_ledger_added"

    private static func map(_ parts: [(first: Int, last: Int, url: String)]) -> String {
        let entries = parts.map {
            "{\"firstPair\": \($0.first), \"lastPair\": \($0.last), \"url\": \"\($0.url)\"}"
        }
        return "{\"databases\": [\(entries.joined(separator: ", "))]}"
    }

    private func run(
        _ setup: TestServe.Setup,
        _ arguments: [String]
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(TestProgram.path, arguments, environment: setup.settings)
    }

    /// How far somebody has read.
    private struct Reader {
        /// In the list, in which each event of before the cursor is counted.
        var cursor: (text: String, events: Int)?
        /// In the stream, to its end, with how many events there were.
        var last: (id: String, events: Int)?
    }

    /// Reads the first events of the list, or what is left of it, and the stream to its end.
    private func read(
        _ setup: TestServe.Setup,
        _ reader: inout Reader,
        new: Int,
        closed: Int = 0
    ) async throws {
        let created = try await run(
            setup,
            ["api-key", "create", "--app", "serve", "--json", "--scope", "events:read"]
        )
        let key = try JSONParser.parse(Array(created.output.utf8.dropLast()), depthMax: 4)["key"]?
            .text
        let known = reader
        reader = try await TestServe.run(setup) { service in
            var read = Reader()
            let all = try await service.get("/v1/events?limit=500", key: key)
            let whole = try Self.page(all.text)
            if let cursor = known.cursor {
                let rest = try await service.get(
                    "/v1/events?limit=500&cursor=\(cursor.text)",
                    key: key
                )
                #expect(rest.status == 200, "\(rest.text)")
                #expect(try Self.page(rest.text).count == whole.count - cursor.events)
            }
            let page = try Self.page(try await service.get("/v1/events?limit=3", key: key).text)
            read.cursor = page.next.map { ($0, page.count) }
            let told = try await service.get(
                "/v1/events/tail?follow=false",
                key: key,
                headers: known.last.map { [("Last-Event-ID", $0.id)] } ?? []
            )
            #expect(told.status == 200, "\(told.text)")
            let lines = told.text.split(separator: "\n")
            let events = lines.count { $0.hasPrefix("event: ") }
            #expect(events == whole.count - (known.last?.events ?? 0))
            #expect(events >= new)
            let ids = lines.filter { $0.hasPrefix("id: ") }
            try await prove(setup, service, key ?? "", closed: closed)
            read.last = ids.last.map { (String($0.dropFirst(4)), whole.count) }
            return read
        }
    }

    /// Has it proved what is current for somebody of before, and that a name is nobody's, and checks both files.
    private func prove(
        _ setup: TestServe.Setup,
        _ service: TestServe,
        _ key: String,
        closed: Int
    ) async throws {
        try await TestProgramFolder.lend { folder in
            let keyFile = folder.path + "/key"
            _ = FileManager.default.createFile(
                atPath: keyFile,
                contents: Data(key.utf8),
                attributes: [.posixPermissions: 0o600]
            )
            let keys = try await run(setup, ["checkpoint", "key"]).output.split(separator: "\n")
            let trusted = try #require(keys.first.map { String($0) })
            for (user, count) in [("one-0@example.com", 1), ("nobody@example.com", 1 + closed)] {
                let file = folder.path + "/" + user
                let made = try await run(
                    setup,
                    ["user", "prove", user, "--url", try await service.url]
                        + ["--key-file", keyFile, "--output", file]
                )
                #expect(made.status == 0, "\(made.messages)")
                let verdict = try await run(setup, ["verify", file, "--key", trusted])
                #expect(verdict.status == 0, "\(user): \(verdict.output) \(verdict.messages)")
                let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
                #expect(lines.count { $0 == "token-ledger/state-proof@v1" } == count, "\(user)")
            }
        }
    }

    private static func page(_ text: String) throws -> (count: Int, next: String?) {
        let json = try JSONParser.parse(Array(text.utf8), depthMax: 64)
        guard case .array(let events)? = json["events"] else { return (-1, nil) }
        return (events.count, json["next_cursor"]?.text)
    }

    /// Launches somebody of each word, sees that all are listed, and has everything verified.
    private func use(
        _ setup: TestServe.Setup,
        _ words: [String],
        logs: Int
    ) async throws {
        try await TestServe.run(setup) { service in
            for word in words {
                for number in 0..<12 {
                    #expect(try await service.launch("\(word)-\(number)@example.com").status == 201)
                }
            }
            let list = try await service.get("/v1/users?limit=100")
            let users = try JSONParser.parse(Array(list.text.utf8), depthMax: 16)["users"]
            guard case .array(let entries)? = users else {
                Issue.record("\(list.text)")
                return
            }
            #expect(entries.count == 12 * words.count)
            #expect(try await service.readiness().status == 200)
            let refused = try await run(setup, ["migrate", "--fact-logs", "\(logs + 1)"])
            if setup.settings["TOKEN_LEDGER_OWNER_DATABASE_MAP"] == nil {
                #expect(refused.status == 1)
                #expect(refused.messages.contains("of the service's role"), "\(refused.messages)")
            }
        }
        let verdict = try await run(setup, ["verify"])
        #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        for pair in 0..<logs {
            #expect(verdict.messages.contains(pair == 0 ? "Log facts: " : "Log facts-\(pair): "))
        }
    }

    @Test("once beside the log that there is, and once more in a further database")
    func story() async throws {
        let first = try await TestPostgres.freshDatabase()
        let further = try await TestPostgres.freshDatabase()
        let owner = try await PostgresConnection.connect(PostgresConfiguration(url: first.url))
        try await owner.script("create role \(Self.role) login")
        await owner.close()
        try await TestProgramFolder.lend { folder in
            let service = try await TestPostgres.url(database: first.name, user: Self.role)
            // The role is let in before the first command that works with it.
            _ = try await TestProgram.output(
                of: ["migrate", "--grant-to", Self.role],
                environment: ["TOKEN_LEDGER_OWNER_DATABASE_URL": first.url]
            )
            let setup = try await TestServe.prepare(in: folder, owner: first.url, service: service)
            try await use(setup, ["one"], logs: 1)
            var reader = Reader()
            try await read(setup, &reader, new: 0)

            let added = try await run(setup, ["migrate", "--fact-logs", "3"])
            #expect(added.status == 0, "\(added.messages)")
            #expect(
                added.messages.contains(
                    "It has 3 logs of facts. Who is new belongs to one of the last 2."
                ),
                "\(added.messages)"
            )
            try await use(setup, ["one", "two"], logs: 3)
            try await read(setup, &reader, new: 24, closed: 1)
            let fewer = try await run(setup, ["migrate", "--fact-logs", "2"])
            #expect(fewer.status == 1)
            #expect(
                fewer.messages.contains("has 3 logs of facts, and keeps them"),
                "\(fewer.messages)"
            )

            let services = try await TestPostgres.url(database: further.name, user: Self.role)
            let mapped = setup.with([
                "TOKEN_LEDGER_OWNER_DATABASE_URL": "", "TOKEN_LEDGER_DATABASE_URL": "",
                "TOKEN_LEDGER_OWNER_DATABASE_MAP": Self.map([
                    (0, 2, first.url), (3, 4, further.url),
                ]),
                "TOKEN_LEDGER_DATABASE_MAP": Self.map([(0, 2, service), (3, 4, services)]),
            ])
            let apart = try await run(mapped, ["migrate", "--grant-to", Self.role])
            #expect(apart.status == 0, "\(apart.messages)")
            #expect(
                apart.messages.contains("The 2 databases have 5 logs of facts."),
                "\(apart.messages)"
            )
            try await use(mapped, ["one", "two", "three"], logs: 5)
            try await read(mapped, &reader, new: 36, closed: 3)
            let alone = try await run(setup, ["user", "list"])
            #expect(alone.messages.contains("holds pairs 0 to 2 of 5"), "\(alone.messages)")
            let again = try await run(mapped, ["migrate"])
            #expect(again.status == 0, "\(again.messages)")
            let rebuilt = try await run(mapped, ["projection", "rebuild"])
            #expect(
                rebuilt.output.contains("36 users rebuilt, 0 rows were different"),
                "\(rebuilt.output)"
            )
        }
    }
}
