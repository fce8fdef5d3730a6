import Foundation
import TestSupport
import Testing
import Wire

/// `token-ledger events tail` against a service that comes and goes.
@Suite("events tail", .timeLimit(.minutes(5)))
struct TailCommandTests {
    /// A service that can be started, and a file with a key that may follow it.
    private struct Place {
        let setup: TestServe.Setup
        let folder: String

        var keyFile: String { folder + "/events.key" }

        func tail(_ url: String, _ more: String...) -> [String] {
            ["events", "tail", "--url", url, "--key-file", keyFile] + more
        }
    }

    private func lend(_ body: (Place) async throws -> Void) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let made = try await TestProgram.output(
                of: ["api-key", "create", "--app", "serve", "--scope", "events:read", "--json"],
                environment: setup.settings
            )
            let json = try JSONParser.parse(Array(made.utf8.dropLast()), depthMax: 4)
            let place = Place(setup: setup, folder: folder.path)
            try write(try #require(json["key"]?.text) + "\n", to: place.keyFile, mode: 0o600)
            try await body(place)
        }
    }

    private func write(_ text: String, to path: String, mode: Int) throws {
        try #require(
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: mode]
            )
        )
    }

    /// The positions of NDJSON among other lines.
    private func positions(_ output: String) -> [Int] {
        output.split(separator: "\n").compactMap { line in
            let json = try? JSONParser.parse(Array(line.utf8), depthMax: 16)
            guard case .number(let position)? = json?["position"] else { return nil }
            return Int(position)
        }
    }

    @Test("without following it shows what is there, for people and for programs, and ends")
    func once() async throws {
        try await lend { place in
            try await TestServe.run(place.setup) { serve in
                let url = try await serve.url
                #expect(try await serve.launch("alice").status == 201)
                let text = try await TestProgram.output(of: place.tail(url, "--no-follow"))
                let lines = text.split(separator: "\n")
                #expect(lines.count == 4, "app, two keys, launch: \(text)")
                let last = try #require(lines.last)
                #expect(last.contains("  3  connect.launched  "))
                #expect(last.hasSuffix("  The popup was opened in create mode."))
                #expect(last.firstMatch(of: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T/) != nil)
                let json = try await TestProgram.output(
                    of: place.tail(url, "--no-follow", "--json", "--from", "1")
                )
                #expect(positions(json) == [1, 2, 3])
                let some = try await TestProgram.output(
                    of: place.tail(
                        url,
                        "--no-follow",
                        "--json",
                        "--type",
                        "connect.launched",
                        "--type",
                        "app.added"
                    )
                )
                #expect(positions(some) == [0, 3])
            }
        }
    }

    @Test("what cannot be asked is said in words, and ends with 1, or 64 for the command line")
    func refused() async throws {
        try await lend { place in
            try await TestServe.run(place.setup) { serve in
                let url = try await serve.url
                let open = place.folder + "/open.key"
                try write("key\n", to: open, mode: 0o644)
                let wrong = place.folder + "/wrong.key"
                try write("no-key\n", to: wrong, mode: 0o600)
                let cases: [(arguments: [String], status: Int32, words: String)] = [
                    (place.tail("http://192.0.2.1"), 1, "https://"),
                    (place.tail(url + "/path"), 1, "without a path"),
                    (place.tail("http://127.0.0.1:1"), 1, "cannot be reached"),
                    (["events", "tail", "--url", url, "--key-file", open], 1, "chmod 600"),
                    (["events", "tail", "--url", url, "--key-file", wrong], 1, "(401)"),
                    (place.tail(url, "--type", "no.type"), 1, "type must be"),
                    (place.tail(url, "--user", "nobody"), 1, "(404)"),
                    (place.tail(url, "--from=-1"), 64, "count from 0"),
                    (place.tail(url, "--user", "a", "--subject", "b"), 64, "one is enough"),
                ]
                for (arguments, status, words) in cases {
                    let answer = try await TestProgram.run(TestProgram.path, arguments)
                    #expect(answer.status == status, "\(arguments)")
                    #expect(answer.messages.contains(words), "\(arguments) \(answer.messages)")
                    #expect(answer.output.isEmpty)
                }
            }
        }
    }

    @Test(
        "a service that ends and comes back is followed on, and nothing is shown twice or missing"
    )
    func restart() async throws {
        try await lend { place in
            let port = try await TestServe.run(place.setup) { try await $0.port }
            let log = place.folder + "/tail.log"
            let url = "http://127.0.0.1:\(port)"
            let shown = { positions((try? String(contentsOfFile: log, encoding: .utf8)) ?? "") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await TestServe.run(place.setup, ["--port", "\(port)"]) { serve in
                    #expect(try await serve.launch("first").status == 201)
                    group.addTask {
                        try await TestCommand.run(
                            place.tail(url, "--json", "--from", "3"),
                            log: log
                        ) { tail in
                            _ = try await tail.ready { $0.contains("\"position\":5") ? true : nil }
                        }
                    }
                    while shown() != [3] { try await Task.sleep(for: .milliseconds(50)) }
                    #expect(try await serve.launch("second").status == 201)
                    while shown() != [3, 4] { try await Task.sleep(for: .milliseconds(50)) }
                }
                try await TestServe.run(place.setup, ["--port", "\(port)"]) { serve in
                    #expect(try await serve.launch("third").status == 201)
                    // It ends at Ctrl-C, with 0.
                    try await group.waitForAll()
                }
            }
            let output = try String(contentsOfFile: log, encoding: .utf8)
            #expect(positions(output) == [3, 4, 5])
            #expect(output.contains("The connection was lost"))
            #expect(output.contains("Connected again."))
        }
    }
}
