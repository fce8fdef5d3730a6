import Foundation
import TestSupport
import Testing

/// `token-ledger history`, on the database of a running service.
@Suite("commands about cold history", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct HistoryCommandTests {
    private func run(
        _ program: TestProgram,
        _ words: String...,
        status: Int32 = 0
    ) async throws -> TestProgram.Answer {
        let answer = try await program.command(words)
        #expect(answer.status == status, "\(words): \(answer.messages)")
        return answer
    }

    /// Who asks for bundles.
    private static let who = ["--by", "test", "--reason", "test"]

    private func export(
        _ program: TestProgram,
        _ name: String,
        _ flags: String...
    ) async throws -> String {
        let folder = "\(program.folder.path)/\(name)"
        let made = try await program.command(
            ["export", "--bundle", folder] + Self.who + flags
        )
        #expect(made.status == 0, "\(made.messages)")
        return folder
    }

    @Test("accesses move into a bundle and back, and each command says what it needs")
    func moves() async throws {
        let program = try SharedProgram.program
        try await program.connect("alice", source: "band")
        for _ in 0..<150 { _ = try await program.tokens(of: "alice") }
        let none = try await run(program, "history", "status").output
        #expect(
            none == """
                The log of facts: all of it is in the database.
                The log of access: all of it is in the database.

                """
        )
        let bundle = try await bundle(program)
        let facts = try await refusals(program)
        // The last of the records may be of this moment.
        var dry = try await program.command(["history", "detach", "--bundle", bundle, "--dry-run"])
        while dry.messages.contains("too young") {
            try await Task.sleep(for: .seconds(3))
            dry = try await program.command(["history", "detach", "--bundle", bundle, "--dry-run"])
        }
        #expect(
            dry.output.hasPrefix("Nothing was changed. Would go: the records of the log of access")
        )
        #expect(try await run(program, "history", "status").output == none)

        let gone = try await run(program, "history", "detach", "--bundle", bundle)
        #expect(
            gone.output.hasPrefix("Gone: the records of the log of access from position 0 to 255")
        )
        _ = try await run(program, "history", "detach", "--bundle", bundle)
        try await told(program, bundle, facts)

        let back = try await run(program, "history", "attach", "--bundle", bundle)
        #expect(back.output.hasPrefix("In the database again: the records of the log of access"))
        #expect(try await !run(program, "verify").messages.contains("Not read"))
        let nothing = try await run(program, "history", "attach", "--bundle", bundle, status: 1)
        #expect(nothing.messages.contains("nothing of the log is cold"))
    }

    /// One of the log of accesses with a tile and more; a checkpoint comes about a second after each event.
    private func bundle(_ program: TestProgram) async throws -> String {
        // The optimized program may have read all before there is one.
        while try await program.command(
            ["export", "--bundle", "\(program.folder.path)/first", "--log", "access"] + Self.who
        )
        .messages.contains("no checkpoint yet") {
            try await Task.sleep(for: .milliseconds(200))
        }
        var bundle = ""
        for round in 0..<60 where bundle.isEmpty {
            let folder = try await export(program, "access-\(round)", "--log", "access")
            if try await run(program, "verify", folder, "--json").output.contains(#""tree_size":3"#)
            {
                bundle = folder
            }
            try await Task.sleep(for: .milliseconds(500))
        }
        return bundle
    }

    /// What cannot be moved; gives the bundle of the facts.
    private func refusals(_ program: TestProgram) async throws -> String {
        let facts = try await export(program, "facts", "--log", "facts")
        let filtered = try await export(
            program,
            "filtered",
            "--log",
            "access",
            "--type",
            "token.read"
        )
        for (folder, words) in [
            (facts, "nothing can be cold before position"), (filtered, "made with a filter"),
            ("/nowhere", "cannot be read"),
        ] {
            let refused = try await run(program, "history", "detach", "--bundle", folder, status: 1)
            #expect(refused.messages.contains(words), "\(refused.messages)")
        }
        return facts
    }

    /// What is said of what is cold.
    private func told(_ program: TestProgram, _ bundle: String, _ facts: String) async throws {
        let status = try await run(program, "history", "status")
        #expect(status.output.contains("the records before position 256 are cold history."))
        let refused = try await run(program, "export", "--log", "access", status: 1)
        #expect(refused.messages.contains("before position 256 are cold history"))
        _ = try await run(program, "export", "--log", "access", "--from-position", "256")
        let verified = try await run(program, "verify")
        #expect(
            verified.messages.contains(
                "Not read: the records of log access from position 0 to 255"
            )
        )
        #expect(verified.messages.contains("256 events of cold history not read"))
        let read = try await run(program, "verify", "--bundle", bundle)
        #expect(read.messages.contains("Read in a bundle: the records of log access"))
        #expect(read.messages.contains("everything fits"))
        let other = try await run(program, "verify", "--bundle", facts, status: 1)
        #expect(other.messages.contains("has no stretch of log facts that is cold history"))
        #expect(
            try await run(program, "doctor").output.contains("before position 256, in bundles (1)")
        )
    }
}
