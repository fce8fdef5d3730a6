import AsyncHTTPClient
import Foundation
import TestSupport
import Testing
import Wire

/// The commands for auditors and compliance, on the database of a running service.
///
/// Serialized: the tests share one program, and count what its log holds.
@Suite("commands about evidence", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct EvidenceCommandTests {
    private static let user = "=cmd|' /C calc'!A0"
    private static let verifier =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/MerkleLogTests/verifier.py"

    /// Connects a user twice, once for all tests, and waits until a checkpoint covers it.
    private func connectedProgram() async throws -> TestProgram {
        let program = try SharedProgram.program
        if try await !program.command(["export"]).output.contains("edit.finalized") {
            try await program.connect(Self.user, source: "band")
            try await program.connect(Self.user, source: "watch")
        }
        let size = lines(try await program.command(["export"])).count
        while try await program.checkpointSize() < size {
            try await Task.sleep(for: .milliseconds(100))
        }
        return program
    }

    private func lines(_ answer: TestProgram.Answer) -> [Substring] {
        answer.output.split(separator: "\n")
    }

    private func verifiedByPython(
        _ program: TestProgram,
        _ folder: String
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            "python3",
            [Self.verifier, "bundle", "--key", program.ready.checkpointVerifierKey, folder]
        )
    }

    /// The findings of `verify --json`, which must end with 6.
    private func findings(_ answer: TestProgram.Answer) throws -> [BrowserValue] {
        #expect(answer.status == 6, "\(answer.messages)")
        let output = Data(answer.output.utf8)
        return try JSONDecoder().decode(BrowserValue.self, from: output)["findings"]?.array ?? []
    }

    private func flipByte(_ path: String, at offset: Int) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        data[data.startIndex + offset] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
    }

    @Test("a bundle proves itself to two verifiers, and a changed byte is found by both")
    func bundle() async throws {
        let program = try await connectedProgram()
        let key = program.ready.checkpointVerifierKey
        for (name, flags) in [
            ("whole", []), ("user", ["--user", Self.user, "--format", "csv", "--identities"]),
            ("zipped", ["--gzip", "--type", "connect.finalized", "--type", "edit.finalized"]),
        ] {
            let folder = "\(program.folder.path)/bundle-\(name)"
            let made = try await program.command(
                ["export", "--bundle", folder, "--by", "auditor", "--reason", "test"] + flags
            )
            #expect(made.status == 0, "\(made.messages)")
            let verdict = try await program.command(["verify", folder, "--key", key])
            #expect(verdict.status == 0, "\(verdict.output)")
            #expect(verdict.messages.contains("the key you named"))
            #expect(verdict.messages.contains("Not proved"))
            let other = try await verifiedByPython(program, folder)
            #expect(other.status == 0, "\(other.output) \(other.messages)")
            let events = folder + (name == "zipped" ? "/events.ndjson.gz" : "/events.ndjson")
            try flipByte(events, at: 100)
            #expect(try await program.command(["verify", folder, "--key", key]).status == 6)
            #expect(try await verifiedByPython(program, folder).status == 1)
            let told = try await program.command(["verify", folder, "--key", key, "--json"])
            let kinds = Set(try findings(told).compactMap { $0["kind"]?.string })
            #expect(kinds.contains(name == "zipped" ? "compression_damaged" : "file_differs"))
        }
        let foreign = "token-ledger/0000000000000000/0+d6732c22+" + key.split(separator: "+")[2]
        let other = try await program.command(["verify", "/nowhere", "--key", foreign])
        #expect(other.status == 1)
        #expect(other.messages.contains("--key"))
    }

    @Test("the tree asks for a key, unless it is opened")
    func closedTree() async throws {
        let program = try await connectedProgram()
        for path in ["/checkpoint", "/tile/entries/000", "/logs/1/checkpoint"] {
            let request = HTTPClientRequest(url: program.ready.ledgerURL + path)
            let answer = try await JSONCall.answer(to: request)
            #expect(answer.status == 401, "\(path)")
        }
    }

    @Test("only a bundle that asks for identities says who somebody is")
    func identities() async throws {
        let program = try await connectedProgram()
        let person = try #require(
            try await program.tokens(of: Self.user)["human_id"]?.string
        )
        let folder = "\(program.folder.path)/anonymous"
        let flags = ["--bundle", folder, "--by", "auditor", "--reason", "test", "--format", "csv"]
        #expect(try await program.command(["export"] + flags).status == 0)
        let all = try await program.command(["export"]).output
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data(),
                as: UTF8.self
            )
            #expect(!(text + all).contains(person), "\(name)")
            #expect(!(text + all).contains("C calc"), "\(name)")
        }
        let known = "\(program.folder.path)/known"
        let more = ["--bundle", known, "--by", "auditor", "--reason", "test", "--identities"]
        #expect(try await program.command(["export"] + more).status == 0)
        let identities = FileManager.default.contents(atPath: known + "/identities.ndjson")
        #expect(String(decoding: identities ?? Data(), as: UTF8.self).contains(person))
        let access = try await program.command(["export", "--log", "access"])
        #expect(access.output.contains("\"identities\":false"))
        #expect(access.output.contains("\"format\":\"bundle\""))
        #expect(access.output.contains("\"identities\":true"))
    }

    @Test("an export replayed into an empty database has the same root, and is verified there")
    func replay() async throws {
        let program = try await connectedProgram()
        let folder = "\(program.folder.path)/replayed"
        let made = try await program.command(
            ["export", "--bundle", folder, "--by", "auditor", "--reason", "test"]
        )
        #expect(made.status == 0, "\(made.messages)")
        try await PostgresTools.psql(
            program.ready.databaseURL,
            script: "create database replayed; create database earlier;"
        )
        let url = { (name: String) in
            program.ready.databaseURL.replacingOccurrences(of: "/token_ledger?", with: "/\(name)?")
        }
        let key = program.ready.checkpointVerifierKey
        let replayed = try await program.command(
            ["replay", folder, "--into", url("replayed"), "--key", key, "--json"]
        )
        #expect(replayed.status == 0, "\(replayed.messages)")
        let manifest = FileManager.default.contents(atPath: folder + "/manifest.json") ?? Data()
        let decoded = try JSONDecoder().decode(BrowserValue.self, from: manifest)
        let result = try JSONDecoder().decode(
            BrowserValue.self,
            from: Data(replayed.output.utf8)
        )
        #expect(result["root"] == decoded["root"])
        #expect(result["size"] == decoded["tree_size"])
        #expect(result["signed_size"] == result["size"])
        let file = "\(program.folder.path)/replayed.url"
        try url("replayed").write(toFile: file, atomically: true, encoding: .utf8)
        let verdict = try await TestProgram.run(
            TestProgram.path,
            ["verify", "--owner-database-url-file", file, "--key", key]
        )
        #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        #expect(verdict.messages.contains("the key you named"))
        try await PostgresTools.psql(
            url("replayed"),
            script: """
                alter table ledger.event disable trigger all;
                update ledger.event set type = 'x' where log_id = 0 and position = 1;
                """
        )
        let told = try await TestProgram.run(
            TestProgram.path,
            ["verify", "--owner-database-url-file", file, "--key", key, "--json"]
        )
        #expect(
            try findings(told) == [
                [
                    "log": "facts", "log_id": 0, "position": 1, "positions_end": .null,
                    "kind": "column_differs",
                    "problem": "column type differs from the record",
                ]
            ]
        )
        let again = try await program.command(["replay", folder, "--into", url("replayed")])
        #expect(again.status == 1)
        #expect(again.messages.contains("an empty one"))
        let part = try await program.command(
            ["replay", folder, "--into", url("earlier"), "--to", "5", "--json"]
        )
        #expect(part.status == 0, "\(part.messages)")
        #expect(part.output.contains("\"size\":6"))
    }

    @Test("a file export can be compressed, is never overwritten, and equals the stream")
    func files() async throws {
        let program = try await connectedProgram()
        let path = "\(program.folder.path)/events.ndjson.gz"
        let flags = ["export", "--output", path, "--gzip", "--until-position", "12"]
        #expect(try await program.command(flags).status == 0)
        let unzipped = try await TestProgram.run("gzip", ["-dc", path])
        let stream = try await program.command(["export", "--until-position", "12"])
        #expect(unzipped.output == stream.output)
        #expect(lines(stream).count == 12)
        #expect(stream.messages.contains("12 events"))
        let again = try await program.command(flags)
        #expect(again.status == 1)
        #expect(again.messages.contains("is there already"))
        let resumed = try await program.command(flags + ["--resume"])
        #expect(resumed.messages.contains("nothing to resume"))
        let table = try await program.command(["export", "--format", "csv"])
        #expect(table.output.hasPrefix("position,id,source,type,subject,subjectversion,time,"))
        #expect(table.output.contains("\r\n"))
    }

    @Test("the history shows what happened and which token was held when")
    func history() async throws {
        let program = try await connectedProgram()
        let shown = try await program.command(["user", "history", "--user", Self.user])
        #expect(shown.status == 0, "\(shown.messages)")
        #expect(shown.output.contains("edit.finalized"))
        #expect(shown.output.contains("now"))
        let answer = try await program.command(
            ["user", "history", "--user", Self.user, "--json"]
        )
        let document = try JSONDecoder().decode(
            BrowserValue.self,
            from: Data(answer.output.utf8)
        )
        let history = try await program.history(of: Self.user)
        #expect(document["events"]?.array.compactMap { $0["event"] } == history)
        let tokens = document["tokens"]?.array ?? []
        #expect(tokens.filter { $0["until"] == .null }.count == 2)
        let nobody = try await program.command(["user", "history", "--user", "nobody"])
        #expect(nobody.status == 1)
        #expect(nobody.messages.contains("no user"))
    }

    @Test(
        "flags that make no sense are refused in words",
        arguments: [
            (["export", "--resume"], "--resume goes with"),
            (["export", "--identities"], "go with --bundle"),
            (["export", "--bundle", "/tmp/x"], "--by and --reason"),
            (["export", "--type", "connect.lunched"], "no event type connect.lunched"),
            (["export", "--since", "yesterday"], "RFC 3339"),
            (["export", "--from-position", "999999"], "nothing at position 999999"),
            (["replay", "/nowhere", "--into", "x", "--to", "soon"], "a position or an RFC 3339"),
            (["verify", "/nowhere", "--since", "1"], "--since"),
        ]
    )
    func refused(arguments: [String], sentence: String) async throws {
        let answer = try await SharedProgram.program.command(arguments)
        #expect(answer.status != 0)
        #expect(answer.messages.contains(sentence), "\(answer.messages)")
    }
}
