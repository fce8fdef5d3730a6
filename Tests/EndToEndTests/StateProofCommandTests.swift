import Foundation
import TestSupport
import Testing
import Wire

/// `token-ledger verify FILE`, on a file that `StateMapTests` writes byte for byte.
@Suite("the command that verifies a proof of a state", .timeLimit(.minutes(5)))
struct StateProofCommandTests {
    private static let sample =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/StateMapTests/sample.proof"
    private static let key =
        "token-ledger/0123456789abcdef/0+3c6e46b1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    private static let policy = """
        witness w1 witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU
        quorum w1

        """

    private func verify(_ flags: [String], file: String = sample) async throws -> TestProgram.Answer
    {
        try await TestProgram.run(TestProgram.path, ["verify", file] + flags)
    }

    @Test("it says in words what was proved and what not, and needs a key")
    func accepted() async throws {
        let answer = try await verify(["--key", Self.key])
        #expect(answer.status == 0, "\(answer.output) \(answer.messages)")
        #expect(answer.messages.contains("connected, at version 4, since position 7"))
        #expect(answer.messages.contains("Nothing newer of the user"))
        #expect(answer.messages.contains("Any age passes"))
        #expect(answer.messages.contains("Not proved"))
        let keyless = try await verify([])
        #expect(keyless.status == 1)
        #expect(keyless.messages.contains("--key"))
    }

    @Test("of several pairs of logs it says how many there are, and takes no file from another one")
    func pairs() async throws {
        let folder = Self.sample.dropLast("sample.proof".count)
        let own = try await verify(["--key", Self.key], file: folder + "pair.proof")
        #expect(own.status == 0, "\(own.output) \(own.messages)")
        #expect(
            own.messages.contains("3 pairs of logs; such a user is at home in that of the log of")
        )
        let foreign = try await verify(["--key", Self.key], file: folder + "other-pair.proof")
        #expect(foreign.status == 6)
        #expect(foreign.output.hasPrefix("pair_differs: "), "\(foreign.output)")
    }

    @Test(
        "where pairs are closed it takes a file of nobody with all of them, or names what is missing"
    )
    func closedPairs() async throws {
        let folder = String(Self.sample.dropLast("sample.proof".count))
        let nobody = folder + "nobody.proof"
        let answer = try await verify(["--key", Self.key], file: nobody)
        #expect(answer.status == 0, "\(answer.output) \(answer.messages)")
        #expect(answer.messages.contains("a name that is nobody's"))
        #expect(answer.messages.contains("4 pairs of logs, 2 of them closed"))
        let document = try await verify(["--key", Self.key, "--json"], file: nobody)
        #expect(document.output.contains("\"pairs\":4,\"closed_pairs\":2"), "\(document.output)")
        let user = try await verify(["--key", Self.key], file: folder + "closed-pair.proof")
        #expect(user.status == 0, "\(user.output) \(user.messages)")
        #expect(user.messages.contains("this user is of that of the log of facts-1"))

        let text = try String(contentsOfFile: nobody, encoding: .utf8)
        let begin = "token-ledger/state-proof@v1\n"
        let parts = text.components(separatedBy: begin).dropFirst()
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("nobody-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(parts.prefix(2).map { begin + $0 }.joined().utf8).write(to: file)
        let missing = try await verify(["--key", Self.key], file: file.path)
        #expect(missing.status == 6)
        #expect(missing.output.hasPrefix("pairs_missing: "), "\(missing.output)")
        #expect(missing.output.contains("no proof: 1"), "\(missing.output)")
    }

    @Test("it refuses what is too old, altered, unwitnessed or about others, with a kind and 6")
    func refused() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("proof-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let altered = folder.appendingPathComponent("altered").path
        var bytes = try Data(contentsOf: URL(fileURLWithPath: Self.sample))
        bytes[200] ^= 1
        try bytes.write(to: URL(fileURLWithPath: altered))
        let policy = folder.appendingPathComponent("policy").path
        try Data(Self.policy.utf8).write(to: URL(fileURLWithPath: policy))
        let nameKey = folder.appendingPathComponent("name-key").path
        try Data((String(repeating: "07", count: 32) + "\n").utf8)
            .write(to: URL(fileURLWithPath: nameKey))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: nameKey)
        let named = ["--name-key-file", nameKey]
        for (flags, file, kind) in [
            (["--max-age", "1d"], Self.sample, "too_old"),
            (["--app", "other"], Self.sample, "client_differs"),
            (["--app", "demo-client", "--user", "user-2"] + named, Self.sample, "user_differs"),
            ([], altered, ""),
        ] {
            let answer = try await verify(["--key", Self.key, "--json"] + flags, file: file)
            #expect(answer.status == 6, "\(answer.output) \(answer.messages)")
            #expect(answer.output.contains("\"kind\":\"\(kind)"))
        }
        // Another app's proof that it has no such user would be taken for this one's.
        let appless = try await verify(["--key", Self.key, "--user", "user-1"] + named)
        #expect(appless.status == 64, "\(appless.output) \(appless.messages)")
        #expect(appless.messages.contains("--user takes --app"))
        let witnessed = try await verify(
            [
                "--key", Self.key, "--witness-policy", policy, "--app", "demo-client", "--user",
                "user-1",
            ] + named
        )
        #expect(witnessed.status == 0, "\(witnessed.output) \(witnessed.messages)")
        #expect(witnessed.messages.contains("Cosigned by witness.example/w1"))
        #expect(witnessed.messages.contains("It is about the user's id"))
    }
}
