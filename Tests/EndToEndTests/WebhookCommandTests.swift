import Foundation
import TestSupport
import Testing
import Wire

/// `token-ledger webhook` beside a service that delivers, or is killed while it does.
@Suite("webhooks of the program", .timeLimit(.minutes(5)))
struct WebhookCommandTests {
    private struct Place {
        let setup: TestServe.Setup
        let folder: String
        let receiver: TestReceiver

        /// Runs a command on the database, and gives its one JSON document.
        func json(_ arguments: String...) async throws -> JSONValue {
            let text = try await TestProgram.output(
                of: ["webhook"] + arguments + ["--json"],
                environment: setup.settings
            )
            return try JSONParser.parse(Array(text.utf8.dropLast()), depthMax: 8)
        }

        func run(_ arguments: String...) async throws -> TestProgram.Answer {
            try await TestProgram.run(
                TestProgram.path,
                ["webhook"] + arguments,
                environment: setup.settings
            )
        }

        /// Adds an endpoint at the receiver; gives its id.
        func add() async throws -> String {
            let made = try await json(
                "add",
                "--app",
                "serve",
                receiver.url + "/hook",
                "--type",
                "connect.launched"
            )
            return try #require(made["endpoint"]?.text)
        }

        /// Waits until the endpoint's deliveries are as they shall be.
        func deliveries(
            _ endpoint: String,
            until isSo: ([JSONValue]) -> Bool
        ) async throws -> [JSONValue] {
            while true {
                guard case .array(let found) = try await json("deliveries", endpoint) else {
                    throw CancellationError()
                }
                if isSo(found) { return found }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func lend(_ body: (Place) async throws -> Void) async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await TestReceiver.run { receiver in
                try await body(
                    Place(
                        setup: setup.with(["TOKEN_LEDGER_WEBHOOK_NETWORKS": "127.0.0.0/8"]),
                        folder: folder.path,
                        receiver: receiver
                    )
                )
            }
        }
    }

    @Test("a service that is killed between delivery and record delivers again, with the same id")
    func killed() async throws {
        try await lend { place in
            let endpoint = try await place.add()
            let crashing = place.setup.with(["CRASH_POINT": "P13"])
            try await TestServe.run(crashing, ending: .crash) { serve in
                // The answer may be lost with the service.
                _ = try? await serve.launch("alice")
                while serve.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            }
            #expect(place.receiver.messages.count == 1)
            try await TestServe.run(place.setup) { serve in
                _ = try await serve.launch("bob")
                let found = try await place.deliveries(endpoint) { found in
                    found.count == 2 && found.allSatisfy { $0["state"]?.text == "delivered" }
                }
                #expect(found.allSatisfy { $0["attempt_count"] == .number("1") })
            }
            let ids = place.receiver.messages.map(\.id)
            // The dead one's lease ends first; then both users' follow, side by side.
            #expect(ids.count == 3 && Set(ids).count == 2 && ids.dropFirst().contains(ids[0]))
        }
    }

    @Test("the commands add, try, change, replay and remove an endpoint")
    func commands() async throws {
        try await lend { place in
            let endpoint = try await place.add()
            try await TestServe.run(place.setup) { serve in
                let tried = try await place.json("test", endpoint)
                #expect(tried["state"]?.text == "delivered")
                _ = try await serve.launch("alice")
                let sent = try await place.deliveries(endpoint) {
                    $0.count == 2 && $0[0]["state"]?.text == "delivered"
                }
                let delivery = try #require(sent[0]["delivery"]?.text)
                let paused = try await place.run("pause", endpoint)
                #expect(paused.status == 0)
                let replayed = try await place.run("replay", endpoint, "--delivery", delivery)
                #expect(replayed.status == 0, "\(replayed.messages)")
                let all = try await place.deliveries(endpoint) {
                    $0.count == 3 && $0[0]["state"]?.text == "delivered"
                }
                #expect(all[0]["message"] == sent[0]["message"])
                #expect(all[0]["kind"]?.text == "replay")
                let rotated = try await place.json("rotate-secret", endpoint, "--overlap", "1h")
                #expect(rotated["secret"]?.text?.hasPrefix("whsec_") == true)
                #expect(rotated["pause_reason"]?.text == "requested")
            }
            let refused = try await place.run("update", endpoint, "--url", "https://10.0.0.1/")
            #expect(refused.status == 1 && refused.messages.contains("webhookNetworks"))
            let listed = try await place.run("list")
            #expect(listed.output.contains("paused: requested"))
            #expect(!listed.output.contains("whsec_"))
            let removed = try await place.run("remove", endpoint)
            #expect(removed.status == 0)
            let left = try await place.json("list")
            #expect(left == .array([]))
        }
    }

    @Test("listen posts what happens to a program on this machine")
    func listen() async throws {
        try await lend { place in
            let made = try await TestProgram.output(
                of: ["api-key", "create", "--app", "serve", "--scope", "events:read"],
                environment: place.setup.settings
            )
            let keyFile = place.folder + "/events.key"
            try #require(
                FileManager.default.createFile(
                    atPath: keyFile,
                    contents: Data(made.utf8),
                    attributes: [.posixPermissions: 0o600]
                )
            )
            try await TestServe.run(place.setup) { serve in
                let arguments = [
                    "webhook", "listen", "--url", try await serve.url, "--key-file", keyFile,
                    "--forward-to", place.receiver.url, "--type", "connect.launched",
                ]
                try await TestCommand.run(arguments, log: place.folder + "/listen.log") { command in
                    // It follows from when it is connected.
                    while place.receiver.messages.isEmpty {
                        _ = try await serve.launch("user-\(UUID())")
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    try #require(command.output.contains("whsec_"))
                    _ = try await command.ready { output in
                        output.contains("connect.launched  delivered 200") ? true : nil
                    }
                }
            }
            let message = try #require(place.receiver.messages.first)
            #expect(message["webhook-signature"]?.hasPrefix("v1,") == true)
            #expect(message.text.hasPrefix(#"{"type":"connect.launched","timestamp":""#))
        }
    }
}
