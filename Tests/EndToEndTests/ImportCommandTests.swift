import Foundation
import Postgres
import TestSupport
import Testing
import Wire

/// Users with their tokens, as an operator takes them over from another system.
@Suite("token-ledger import", .serialized, .timeLimit(.minutes(5)))
struct ImportCommandTests {
    private static let header = "clientUserId,humanId,publicToken,accessToken\n"

    /// Writes a file that only its owner reads.
    private func write(_ text: String, to path: String) throws {
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600]
        )
    }

    /// Connects a user at the provider, as a system without a ledger does.
    private func connectElsewhere(_ user: String, _ program: TestProgram) async throws -> String {
        let file = "\(program.folder.path)/data/dev.json"
        let identity = try JSONParser.parse(
            Array(try Data(contentsOf: URL(fileURLWithPath: file))),
            depthMax: 4
        )
        let session = try await JSONCall.post(
            program.ready.sandboxURL + "/sandbox/sessions",
            [
                "client_id": .string(program.ready.clientID), "client_user_id": .string(user),
                "public_token": .string(""), "connect": .array([.string("band")]),
                "done": .bool(true),
            ]
        )
        let answer = try await JSONCall.post(
            program.ready.sandboxURL + "/v1/connect/tokens",
            [
                "humanId": session["humanId"] ?? .null,
                "clientId": .string(program.ready.clientID),
                "sessionToken": session["sessionToken"] ?? .null,
                "clientSecret": .string(identity["client_secret"]?.text ?? ""),
            ]
        )
        let fields = ["humanId", "publicToken", "accessToken"].map { answer[$0]?.string ?? "" }
        return "\(user),\(fields.joined(separator: ","))\n"
    }

    @Test("users of another system open the popup in edit mode, and their tokens are served")
    func takesOver() async throws {
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder) { program in
                let file = folder.path + "/users.csv"
                let (old, other) = ("old@example.com", "other@example.com")
                let lines = [
                    try await connectElsewhere(old, program),
                    try await connectElsewhere(other, program),
                ]
                try write(Self.header + lines.joined(), to: file)
                let dry = try await program.command(["import", file, "--dry-run"])
                #expect(dry.status == 0, "\(dry.messages)")
                #expect(dry.output.contains("2 would be taken over, 0 are here already, 0 lines"))
                let before = try await program.command(["user", "history", "--user", old])
                #expect(before.messages.contains("no user with this clientUserId"))
                let first = try await program.command(["import", file])
                #expect(first.status == 0, "\(first.messages)")
                #expect(
                    first.output
                        == "2 users taken over; 0 were here already; 0 bad lines left out\n"
                )
                let tokens = try await program.tokens(of: old)
                let held =
                    "\(old),human,\(tokens["public_token"]?.string ?? ""),"
                    + "\(tokens["access_token"]?.string ?? "")\n"
                #expect(held.split(separator: ",")[2...] == lines[0].split(separator: ",")[2...])
                try await program.connect(old, source: "watch")
                let types = try await Story(program: program, user: old).types()
                #expect(
                    types.prefix(3) == [
                        "tokens.imported", "public_token.recovered", "edit.launched",
                    ]
                )
                #expect(types.contains("edit.finalized"))
                // Although the first one's tokens are others by now.
                let again = try await program.command(["import", file, "--json"])
                #expect(again.status == 0, "\(again.messages)")
                let report = try JSONParser.parse(Array(again.output.utf8.dropLast()), depthMax: 4)
                #expect(report["present"] == .number("2"))
                #expect(report["written"] == .number("0"))
                let verified = try await program.command(["verify"])
                #expect(verified.status == 0, "\(verified.output) \(verified.messages)")
                let searched = try await JSONCall.post(
                    program.ready.ledgerURL + "/v1/tokens/search",
                    ["token": .string(tokens["access_token"]?.string ?? "")],
                    key: program.ready.apiKeys["tokens:search"]
                )
                #expect(searched["matches"]?.array.count == 1)
                for secret in lines.joined().split(whereSeparator: { ",\n".contains($0) }) {
                    #expect(![dry, first, again].contains { $0.output.contains(secret) })
                    #expect(![dry, first, again].contains { $0.messages.contains(secret) })
                }
            }
        }
    }

    @Test("bad lines are named, and nothing is written unless they are to be left out")
    func badLines() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let file = folder.path + "/users.csv"
            let text =
                Self.header
                + "a,h1,p1,t1\n\"b,h2,p2,t2\nc,h3,p3,t3\nd,h3,p4,t4\ne,h5,,t5\nf,h6,p6,t6\n"
            try write(text, to: file)
            for flags in [["--dry-run"], []] {
                let answer = try await run([file] + flags, setup)
                #expect(answer.status == 6)
                #expect(
                    answer.output.split(separator: "\n") == [
                        "line 3: a quote does not end on this line",
                        "line 4: line 5 names the same person (humanId)",
                        "line 5: line 4 names the same person (humanId)",
                        "line 6: publicToken is empty, too long, or has characters that it may not have",
                        "6 users: 2 would be taken over, 0 are here already, 4 lines are bad",
                    ]
                )
            }
            let skipped = try await run([file, "--skip-bad-lines", "--json"], setup)
            #expect(skipped.status == 0, "\(skipped.messages)")
            let report = try JSONParser.parse(Array(skipped.output.utf8.dropLast()), depthMax: 4)
            #expect(report["written"] == .number("2"))
            #expect(report["bad"] == .number("4"))
            #expect(
                report["bad_lines"] == [
                    ["line": 3, "reason": "open_quote"],
                    ["line": 4, "reason": "same_person", "other_line": 5],
                    ["line": 5, "reason": "same_person", "other_line": 4],
                    ["line": 6, "reason": "public_token_invalid"],
                ]
            )
            try write(Self.header + "a,h1,p1,t9\nz,h1,p8,t8\n", to: file)
            let conflict = try await run([file], setup)
            #expect(conflict.status == 6)
            #expect(conflict.output.contains("line 2: line 3 names the same person"))
            try write(Self.header + "a,h1,p1,t9\nz,h6,p8,t8\n", to: file)
            let refused = try await run([file], setup)
            #expect(refused.status == 6)
            #expect(refused.output.contains("line 2: the user holds other tokens here"))
            #expect(refused.output.contains("line 3: the person is linked to another user"))
            let refusals = [
                (["-"], "Standard input can be read once only"), ([folder.path], "no regular file"),
                ([folder.path + "/none"], "No such file"),
            ]
            for (arguments, words) in refusals {
                let answer = try await run(arguments, setup)
                #expect(answer.status == 1 && answer.messages.contains(words), "\(answer.messages)")
            }
        }
    }

    @Test("a run that is killed at any time is gone on with, and everybody is taken over once")
    func killed() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let file = folder.path + "/users.ndjson"
            let users = 4_000
            let lines = (0..<users).map {
                #"{"clientUserId":"u\#($0)","humanId":"h\#($0)","publicToken":"p\#($0)","accessToken":"t\#($0)"}"#
            }
            try write(lines.joined(separator: "\n"), to: file)
            let owner = try await PostgresConnection.connect(
                PostgresConfiguration(url: database.url)
            )
            for kill in 1...3 {
                try await TestCommand.run(
                    ["import", file],
                    environment: setup.settings,
                    log: "\(folder.path)/import-\(kill)",
                    ending: .kill
                ) { command in
                    while command.isRunning, try await imported(owner) < kill * users / 5 {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
            // The server carries out what it was sent before it sees that nobody is there any more.
            while try await others(owner) > 0 { try await Task.sleep(for: .milliseconds(20)) }
            let killed = try await imported(owner)
            #expect(killed < users, "the last one was killed at work")
            let end = try await run([file], setup)
            #expect(end.status == 0, "\(end.messages)")
            #expect(end.output.contains("\(users - killed) users taken over; \(killed) were here"))
            #expect(try await imported(owner) == users)
            let verified = try await TestProgram.run(
                TestProgram.path,
                ["verify"],
                environment: setup.settings
            )
            #expect(verified.status == 0, "\(verified.output) \(verified.messages)")
            await owner.close()
        }
    }

    private func imported(_ owner: PostgresConnection) async throws -> Int {
        let count = try await owner.query(
            Statement(
                "imported",
                "select count(*) from ledger.event where type = 'tokens.imported'"
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        return Int(count)
    }

    /// How many other sessions the database has.
    private func others(_ owner: PostgresConnection) async throws -> Int64 {
        try await owner.query(
            Statement(
                "others",
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    private func run(
        _ arguments: [String],
        _ setup: TestServe.Setup
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            TestProgram.path,
            ["import"] + arguments,
            environment: setup.settings
        )
    }
}
