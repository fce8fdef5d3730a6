import Foundation
import TestSupport
import Testing
import Wire

/// A drill: databases that were restored from PostgreSQL's own backups, beside what was kept outside.
@Suite("token-ledger restore check", .serialized, .timeLimit(.minutes(5)))
struct RestoreTests {
    private func check(
        _ flags: [String],
        _ setup: TestServe.Setup
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            TestProgram.path,
            ["restore", "check"] + flags,
            environment: setup.settings
        )
    }

    private func json(_ answer: TestProgram.Answer) throws -> JSONValue {
        try JSONParser.parse(Array(answer.output.utf8.dropLast()), depthMax: 8)
    }

    /// What is kept outside of the database.
    private struct Outside {
        let folder: String
        var flags: [String] {
            [
                "--checkpoint-folder", "\(folder)/checkpoints", "--erasure-folder",
                "\(folder)/erasures",
            ]
        }

        /// How many records the kept checkpoint covers.
        var size: Int {
            let text = try? String(
                contentsOfFile: "\(folder)/checkpoints/checkpoint-0",
                encoding: .utf8
            )
            let lines = (text ?? "").split(separator: "\n")
            return lines.count > 1 ? Int(lines[1]) ?? 0 : 0
        }
    }

    /// Plays users, has a backup taken in the middle, and erases one of them afterwards; gives how
    /// many events there were then.
    private func play(
        _ setup: TestServe.Setup,
        _ outside: Outside,
        backUp: () async throws -> Void
    ) async throws -> Int {
        try await TestServe.run(setup, outside.flags) { serve in
            for user in ["alice", "bob"] { _ = try await serve.launch(user) }
            // The app, its key and two launches.
            while outside.size < 4 { try await Task.sleep(for: .milliseconds(50)) }
            // Nothing is under way, so this is what the backup has.
            let size = outside.size
            try await backUp()
            _ = try await serve.launch("carol")
            let erased = try await TestProgram.run(
                TestProgram.path,
                ["user", "erase", "--user", "alice", "--yes"],
                environment: setup.settings.merging(
                    ["TOKEN_LEDGER_ERASURE_FOLDER": "\(outside.folder)/erasures"]
                ) { $1 }
            )
            #expect(erased.status == 0, "\(erased.messages)")
            while outside.size < size + 2 { try await Task.sleep(for: .milliseconds(50)) }
            return size
        }
    }

    /// A database from before: two events are missing, and somebody who was erased is there.
    private func expectOlder(
        _ setup: TestServe.Setup,
        _ outside: Outside,
        size: Int
    ) async throws {
        let first = try await check(outside.flags, setup)
        #expect(first.status == 6, "\(first.messages)")
        #expect(first.output.contains("2 would be lost: positions \(size) to \(size + 1)"))
        #expect(first.output.contains("1 of those who were erased are here again"))
        #expect(first.output.contains("Everything that is here fits"))
        let applied = try await check(outside.flags + ["--apply-erasures", "--json"], setup)
        #expect(applied.status == 6, "what is missing stays missing")
        let report = try json(applied)
        #expect(report["erasures"]?["applied"] == .number("1"))
        #expect(report["erasures"]?["undone"] == .number("0"))
        #expect(report["findings"] == .number("0"))
        let gone = try await TestProgram.run(
            TestProgram.path,
            ["user", "history", "--user", "alice"],
            environment: setup.settings
        )
        #expect(gone.status == 1)
    }

    @Test("pg_dump and pg_restore: what is missing is told, what was erased is erased again")
    func dump() async throws {
        let original = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: original.url)
            let outside = Outside(folder: folder.path)
            let size = try await play(setup, outside) {
                try await PostgresTools.dump(original.url, to: folder.path + "/older")
            }
            let older = try await TestPostgres.freshDatabase()
            try await PostgresTools.restore(folder.path + "/older", into: older.url)
            try await expectOlder(setup.on(older.url), outside, size: size)

            try await PostgresTools.dump(original.url, to: folder.path + "/whole")
            let whole = try await TestPostgres.freshDatabase()
            try await PostgresTools.restore(folder.path + "/whole", into: whole.url)
            let good = try await check(outside.flags, setup.on(whole.url))
            #expect(good.status == 0, "\(good.output) \(good.messages)")
            #expect(good.output.contains("none that it knows of is missing"))
            #expect(good.output.contains("None of the 1 who are listed as erased is here"))
            // One checkpoint says nothing of the other log.
            let one = try await check(
                [
                    "--checkpoint", "\(folder.path)/checkpoints/checkpoint-0", "--erasure-folder",
                    "\(folder.path)/erasures", "--json",
                ],
                setup.on(whole.url)
            )
            #expect(one.status == 6)
            #expect(try json(one)["is_whole"] == .bool(false))
            // A list that proves nothing, and one that is empty.
            let list = folder.path + "/list"
            try FileManager.default.createDirectory(
                atPath: list,
                withIntermediateDirectories: false
            )
            let kept = Array(outside.flags.dropLast()) + [list]
            let empty = try await check(kept, setup.on(whole.url))
            #expect(empty.status == 6 && empty.output.contains("lists nobody"))
            let name = "019ab8f2-6a31-7c55-9c0e-3d6a3f6a1d01.json"
            try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(list)/\(name)"))
            let foreign = try await check(kept, setup.on(whole.url))
            #expect(foreign.status == 6 && foreign.output.contains("1 files of the erasure folder"))
            try await TestServe.run(setup.on(whole.url), outside.flags) { serve in
                while try await serve.readiness().status != 200 {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
    }

    @Test("pg_basebackup: the same of a whole server")
    func baseBackup() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestProgramFolder.lend { folder in
                let setup = try await TestServe.prepare(in: folder, owner: cluster.url())
                let outside = Outside(folder: folder.path)
                let copy = FileManager.default.temporaryDirectory.path + "/restored-\(UUID())"
                try FileManager.default.createDirectory(
                    atPath: copy,
                    withIntermediateDirectories: false
                )
                defer { try? FileManager.default.removeItem(atPath: copy) }
                let size = try await play(setup, outside) {
                    try await cluster.backUp(to: copy + "/data")
                    try FileManager.default.removeItem(atPath: copy + "/data/standby.signal")
                }
                try await TestCluster.run(folder: copy, durable: true) { restored in
                    let there = setup.on(try await restored.url())
                    try await expectOlder(there, outside, size: size)
                }
            }
        }
    }

    @Test("what is no evidence is refused, and so is another deployment's")
    func evidence() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let nothing = try await check([], setup)
            #expect(nothing.status == 1)
            #expect(nothing.messages.contains("Nothing outside of the database is named"))
            let file = folder.path + "/note"
            for text in ["", "token-ledger/0011223344556677/0\n5\n" + "A=\n\n— x y\n"] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: file))
                let answer = try await check(["--checkpoint", file], setup)
                #expect(answer.status == 1)
                #expect(answer.messages.contains("holds no checkpoint"), "\(answer.messages)")
            }
            let other = try await TestPostgres.freshDatabase()
            try await TestProgramFolder.lend { second in
                let elsewhere = try await TestServe.prepare(in: second, owner: other.url)
                let outside = Outside(folder: second.path)
                try await TestServe.run(elsewhere, outside.flags) { serve in
                    _ = try await serve.launch("x")
                    while outside.size < 1 { try await Task.sleep(for: .milliseconds(50)) }
                }
                let foreign = "\(second.path)/checkpoints/checkpoint-0"
                let answer = try await check(["--checkpoint", foreign], setup)
                #expect(answer.status == 1)
                #expect(
                    answer.messages.contains("was not signed by the key of this database's log")
                )
                // Of a log that a ledger of three pairs has.
                let kept = "\(second.path)/kept"
                try FileManager.default.createDirectory(
                    atPath: kept,
                    withIntermediateDirectories: true
                )
                let text = try String(contentsOfFile: foreign, encoding: .utf8)
                let begin = try #require(text.firstIndex(of: "\n"))
                try Data((text[..<begin].dropLast() + "4" + text[begin...]).utf8)
                    .write(to: URL(fileURLWithPath: "\(kept)/checkpoint-4"))
                let unknown = try await check(["--checkpoint-folder", kept], setup)
                #expect(unknown.status == 1)
                #expect(
                    unknown.messages.contains(
                        "checkpoint-4 is a checkpoint of log facts-2, and the database has no such log"
                    ),
                    "\(unknown.messages)"
                )
            }
        }
    }
}
