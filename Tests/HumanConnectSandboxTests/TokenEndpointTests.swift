import Foundation
import HumanConnect
import HumanConnectSandbox
import Ledger
import Logging
import NIOHTTP1
import Testing
import Wire

func base64(_ text: String) -> String {
    Data(text.utf8).base64EncodedString()
}

@Suite("the token endpoints, the log, the switches and the behaviours")
struct TokenEndpointTests {
    private static let form = "application/x-www-form-urlencoded"

    private func body(_ session: SessionTokenObject, secret: String) -> [(String, String)] {
        [
            ("sessionToken", session.sessionToken.exposed), ("clientSecret", secret),
            ("humanId", session.humanID.exposed), ("userId", session.userID ?? ""),
            ("clientId", session.clientID), ("extra", "1"),
        ]
    }

    private func json(_ fields: [(String, String)]) -> String {
        String(
            decoding: JSONValue.object(fields.map { .init($0.0, .string($0.1)) }).encoded,
            as: UTF8.self
        )
    }

    @Test("JSON and form get the same answer, a repeat too, with status 200")
    func bothFormats() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada", connect: ["band"])
            let fields = body(session, secret: LiveSandbox.clientSecret)
            let asJSON = try await sandbox.send(.POST, "/v1/connect/tokens", json(fields))
            let asForm = try await sandbox.send(
                .POST,
                "/v1/connect/tokens",
                fields.map { $0.0 + "=" + PercentCoding.encode($0.1, keeping: .unreserved) }.joined(
                    separator: "&"
                ),
                contentType: Self.form
            )
            #expect(asJSON.status == 200 && asForm.status == 200)
            #expect(asJSON.text == asForm.text)
            #expect(
                asJSON.headers.first(name: "Content-Type")?.hasPrefix("application/json") == true
            )
            #expect(asJSON.headers.first(name: "Access-Control-Allow-Origin") == nil)
            let recovered = try await sandbox.send(
                .POST,
                "/v1/connect/publictokens",
                "humanId=\(session.humanID.exposed)&clientId=\(session.clientID)"
                    + "&clientSecret=\(LiveSandbox.clientSecret)",
                contentType: Self.form
            )
            #expect(recovered.status == 200)
            #expect(
                recovered.json.members?.map(\.name) == ["humanId", "publicToken"]
            )
        }
    }

    @Test("refusals have their status and the documented shape")
    func refusals() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada", connect: ["band"])
            let good = body(session, secret: LiveSandbox.clientSecret)
            func answer(_ name: String, _ value: String?) async throws -> LiveSandbox.Answer {
                let fields = good.compactMap { field in
                    field.0 == name ? value.map { (name, $0) } : field
                }
                return try await sandbox.send(.POST, "/v1/connect/tokens", json(fields))
            }
            for name in ["humanId", "clientId", "sessionToken", "clientSecret"] {
                #expect(try await answer(name, nil).status == 400)
                #expect(try await answer(name, "").status == 400)
            }
            #expect(try await answer("clientSecret", "wrong").status == 401)
            #expect(try await answer("clientId", "wrong").status == 401)
            #expect(try await answer("humanId", "wrong").status == 404)
            let dead = try await answer("sessionToken", "wrong")
            #expect(dead.status == 412)
            #expect(dead.json.members?.map(\.name) == ["code", "message", "detailedMessage"])
            for (text, status) in [("{", 400), ("[]", 400), (#"{"humanId":1}"#, 400)] {
                let answer = try await sandbox.send(.POST, "/v1/connect/tokens", text)
                #expect(answer.status == status)
                #expect(answer["code"] != nil)
            }
            let long = String(repeating: " ", count: 70_000)
            #expect(try await sandbox.send(.POST, "/v1/connect/tokens", long).status == 413)
            let text = try await sandbox.send(
                .POST,
                "/v1/connect/tokens",
                "x",
                contentType: "text/plain"
            )
            #expect(text.status == 415)
            #expect(try await sandbox.send(.GET, "/nowhere")["code"] == "not_found")
        }
    }

    @Test("a session that was closed or never finished cannot be exchanged")
    func deadSessions() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada", connect: ["band"])
            let facts = try await sandbox.facts("ada")
            let token = try #require(facts["public_token"])
            let page = try await sandbox.send(
                .GET,
                "/?clientId=\(LiveSandbox.clientID)&clientUserId=ada&publicToken=\(token)"
            )
            let open = try #require(page.text.firstMatch(of: /data-session="([0-9a-f]{32})"/))
            let forged = SessionTokenObject(
                humanID: session.humanID,
                clientID: session.clientID,
                sessionToken: Secret(String(open.1))
            )
            await #expect(throws: HumanConnectError.rejected(status: 412)) {
                try await sandbox.client.exchange(forged, for: sandbox.provider)
            }
            #expect(
                try await sandbox.send(.POST, "/v1/connect/sessions/\(open.1)/close").status == 200
            )
            await #expect(throws: HumanConnectError.rejected(status: 412)) {
                try await sandbox.client.exchange(forged, for: sandbox.provider)
            }
        }
    }

    @Test("the switches change what they name")
    func switches() async throws {
        try await LiveSandbox.run { sandbox in
            let set = try await sandbox.post(
                "/sandbox/switches",
                [
                    "single_use_sessions": true, "public_token_grace_seconds": 60,
                    "mint_public_tokens": true, "keep_access_token": true, "cors_on_tokens": true,
                ]
            )
            #expect(set.status == 200)
            let first = try await sandbox.finish("ada", connect: ["band"])
            let tokens = try await sandbox.client.exchange(first, for: sandbox.provider)
            await #expect(throws: HumanConnectError.rejected(status: 412)) {
                try await sandbox.client.exchange(first, for: sandbox.provider)
            }
            let minted = try await sandbox.client.publicToken(
                humanID: first.humanID,
                for: sandbox.provider
            )
            #expect(minted != tokens.publicToken)
            let edit = try await sandbox.finish(
                "ada",
                publicToken: tokens.publicToken.exposed,
                connect: ["watch"]
            )
            let later = try await sandbox.client.exchange(edit, for: sandbox.provider)
            #expect(later.accessToken == tokens.accessToken)
            let options = try await sandbox.send(.OPTIONS, "/v1/connect/tokens")
            #expect(options.headers.first(name: "Access-Control-Allow-Origin") == "*")
            let wrong = try await sandbox.post("/sandbox/switches", ["nothing": true])
            #expect(wrong.status == 400)
        }
    }

    @Test("with the switch, every source finishes with a session of its own")
    func finishPerSource() async throws {
        try await LiveSandbox.run { sandbox in
            _ = try await sandbox.post("/sandbox/switches", ["finish_per_source": true])
            let page = try await sandbox.send(
                .GET,
                "/?clientId=\(LiveSandbox.clientID)&clientUserId=ada"
            )
            let open = try #require(page.text.firstMatch(of: /data-session="([0-9a-f]{32})"/)).1
            var tokens: Set<String> = []
            for source in ["band", "watch"] {
                let answer = try await sandbox.send(
                    .POST,
                    "/v1/connect/sessions/\(open)/sources/\(source)"
                )
                let object = try #require(answer.json["finish"])
                let session = try SessionTokenObject(
                    body: object.encoded,
                    contentType: "application/json"
                )
                _ = try await sandbox.client.exchange(session, for: sandbox.provider)
                tokens.insert(session.sessionToken.exposed)
            }
            #expect(tokens.count == 2)
            let done = try await sandbox.send(.POST, "/v1/connect/sessions/\(open)/finish")
            #expect(done.json["closed"] == true)
        }
    }

    @Test("the request log tells exchanges apart without showing a value")
    func requestLog() async throws {
        try await LiveSandbox.run { sandbox in
            let session = try await sandbox.finish("ada", connect: ["band"])
            for _ in 0..<2 {
                _ = try await sandbox.client.exchange(session, for: sandbox.provider)
            }
            let log = try await sandbox.send(.GET, "/sandbox/requests")
            guard case .array(let entries) = log.json else {
                Issue.record("the log is no list")
                return
            }
            let exchanges = entries.filter { $0["path"] == "/v1/connect/tokens" }
            #expect(exchanges.map { $0["status"] } == [200, 200])
            #expect(exchanges.map { $0["exchange"]?["acted"] } == [true, false])
            #expect(exchanges.map { $0["exchange"]?["repeated"] } == [false, true])
            #expect(exchanges.allSatisfy { $0["client_user_id"] == "ada" })
            let hash = exchanges.first?["exchange"]?["session_token_sha256"]?.text
            #expect(hash?.count == 64)
            #expect(!log.text.contains(session.sessionToken.exposed))
            #expect(!log.text.contains(session.humanID.exposed))
        }
    }

    @Test("the behaviours of an exchange, and that the session was exchanged all the same")
    func behaviours() async throws {
        // Long enough for a loaded machine to connect and send, since before that it is not sent.
        try await LiveSandbox.run(totalTimeMax: .seconds(5)) { sandbox in
            let session = try await sandbox.finish("u-sandbox_exchange_timeout", connect: ["band"])
            await #expect(throws: HumanConnectError.unknown(.timedOut)) {
                try await sandbox.client.exchange(session, for: sandbox.provider)
            }
        }
        try await LiveSandbox.run(totalTimeMax: .seconds(60)) { sandbox in
            let session = try await sandbox.finish("u-sandbox_slow", connect: ["band"])
            let time = try await ContinuousClock().measure {
                _ = try await sandbox.client.exchange(session, for: sandbox.provider)
            }
            #expect(time >= .seconds(2))
        }
        try await LiveSandbox.run { sandbox in
            for (name, expected) in [
                ("sandbox_denied", .rejected(status: 401)),
                ("sandbox_exchange_missing_field", .unknown(.missingField("accessToken"))),
                ("sandbox_exchange_reset", .unknown(.connectionLost)),
                ("sandbox_exchange_truncated", .unknown(.connectionLost)),
            ] as [(String, HumanConnectError)] {
                let session = try await sandbox.finish("u-" + name, connect: ["band"])
                await #expect(throws: expected, "\(name)") {
                    try await sandbox.client.exchange(session, for: sandbox.provider)
                }
            }
            for name in ["sandbox_exchange_missing_field", "sandbox_exchange_reset"] {
                #expect(try await sandbox.facts("u-" + name)["access_token"] != nil)
            }
            #expect(try await sandbox.facts("u-sandbox_denied")["access_token"] == nil)
        }
    }

    @Test("answers about somebody else, for whoever does not compare")
    func wrongPeople() async throws {
        try await LiveSandbox.run { sandbox in
            let human = try await sandbox.finish("sandbox_exchange_wrong_human", connect: ["band"])
            let first = try await sandbox.client.exchange(human, for: sandbox.provider)
            #expect(first.humanID != human.humanID)
            let user = try await sandbox.finish("sandbox_exchange_wrong_user", connect: ["band"])
            let second = try await sandbox.client.exchange(user, for: sandbox.provider)
            #expect(second.humanID == user.humanID)
            #expect(second.clientUserID?.exposed == "somebody-else@example.com")
        }
    }

    @Test("500 once makes nothing, then works; behaviours can be set and taken back")
    func setBehaviours() async throws {
        try await LiveSandbox.run { sandbox in
            try await sandbox.behave("sandbox_exchange_500_once", for: "ada")
            let session = try await sandbox.finish("ada", connect: ["band"])
            await #expect(throws: HumanConnectError.unknown(.serverError(status: 500))) {
                try await sandbox.client.exchange(session, for: sandbox.provider)
            }
            #expect(try await sandbox.facts("ada")["access_token"] == nil)
            _ = try await sandbox.client.exchange(session, for: sandbox.provider)
            try await sandbox.behave("sandbox_publictokens_500")
            try await sandbox.behave(nil, for: "ada")
            await #expect(throws: HumanConnectError.unknown(.serverError(status: 500))) {
                try await sandbox.client.publicToken(
                    humanID: session.humanID,
                    for: sandbox.provider
                )
            }
            try await sandbox.behave(nil)
            _ = try await sandbox.client.publicToken(
                humanID: session.humanID,
                for: sandbox.provider
            )
            let wrong = try await sandbox.post(
                "/sandbox/behaviours",
                ["behaviour": "sandbox_nothing"]
            )
            #expect(wrong.status == 400)
        }
    }

    @Test("users, tokens and sessions survive a restart")
    func restart() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sandbox-\(UInt64.random(in: 0...UInt64.max))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("state.json").path
        try await LiveSandbox.run(stateFile: file) { sandbox in
            _ = try await sandbox.finish("ada", connect: ["band"])
        }
        // The apps come from the file as well.
        try await LiveSandbox.run(apps: [], stateFile: file) { sandbox in
            let token = try #require(try await sandbox.facts("ada")["public_token"])
            #expect(try await sandbox.play("ada")["code"] == "user_already_exists")
            let session = try await sandbox.finish("ada", publicToken: token, connect: ["lab"])
            _ = try await sandbox.client.exchange(session, for: sandbox.provider)
        }
        #expect(throws: SandboxError.stateFileUnwritable(path: "/proc/nowhere/state.json")) {
            var configuration = SandboxConfiguration(apps: [])
            configuration.stateFile = "/proc/nowhere/state.json"
            _ = try Sandbox(configuration: configuration, logger: .init(label: "sandbox"))
        }
        try Data("not JSON".utf8).write(to: URL(fileURLWithPath: file))
        #expect(throws: SandboxError.stateFileUnreadable(path: file)) {
            var configuration = SandboxConfiguration(apps: [])
            configuration.stateFile = file
            _ = try Sandbox(configuration: configuration, logger: .init(label: "sandbox"))
        }
    }
}
