import HumanConnect
import Ledger
import LedgerStore
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct StoryTests {
    private static let created = [
        "connect.launched", "finish.received", "exchange.dispatched", "connect.finalized",
        "access_token.rotated", "public_token.rotated",
    ]
    private static let edited = [
        "edit.launched", "finish.received", "exchange.dispatched", "edit.finalized",
        "access_token.rotated", "public_token.rotated",
    ]

    @Test("a user connects, edits, loses the token, breaks and is repaired, and all is on record")
    func mainStory() async throws {
        try await TestService.run { service in
            let user = "alice@example.com"
            let first = try await service.launch(user)
            #expect(first.mode == "create")
            #expect(first.publicToken.isEmpty)
            let object = try await service.session(first)
            let finished = try await service.finish(first.finishPath, object)
            #expect(finished.status == 201)
            let created = try await service.tokens(user)
            #expect(created.status == 200)
            #expect(created["public_token"] == finished["publicToken"])
            try await expectCurrent(created, versions: 1, user, service)

            let second = try await service.connect(user, "scale")
            #expect(second.mode == "edit")
            #expect(second.publicToken == created["public_token"])
            let edited = try await service.tokens(user)
            try await expectCurrent(edited, versions: 2, user, service)
            #expect(edited["public_token"] != created["public_token"])
            #expect(edited["access_token"] != created["access_token"])
            #expect(edited["human_id"] == created["human_id"])
            #expect(try await service.types(user) == Self.created + Self.edited)

            try await expectPast(created, edited, user, service)
            try await recoverAndRepair(user, service)
            try await expectExport(service)
        }
    }

    /// What is served is what the provider holds.
    private func expectCurrent(
        _ tokens: TestAnswer,
        versions: Int,
        _ user: String,
        _ service: TestService
    ) async throws {
        let facts = try #require(try await service.sandbox.user(user))
        #expect(tokens["status"] == "connected")
        #expect(tokens["public_token"] == facts["public_token"]?.text)
        #expect(tokens["access_token"] == facts["access_token"]?.text)
        #expect(tokens["human_id"] == facts["human_id"]?.text)
        #expect(tokens.json["versions"]?["access_token"] == .number("\(versions)"))
        #expect(tokens.json["versions"]?["public_token"] == .number("\(versions)"))
    }

    private func expectPast(
        _ created: TestAnswer,
        _ edited: TestAnswer,
        _ user: String,
        _ service: TestService
    ) async throws {
        let events = try await service.events(user)
        guard case .number(let last)? = events[Self.created.count - 1]["position"],
            let time = events[Self.created.count - 1]["event"]?["time"]?.text,
            case .number(let early)? = events[0]["position"]
        else {
            Issue.record("an event has a position and a time")
            return
        }
        for query in ["?as_of_position=\(last)", "?as_of=\(time)"] {
            let past = try await service.tokens(user, query)
            #expect(past.status == 200)
            #expect(past["access_token"] == created["access_token"], "\(query)")
            #expect(past["public_token"] == created["public_token"], "\(query)")
        }
        let now = try await service.tokens(user, "?as_of=2200-01-01T00:00:00Z")
        #expect(now["access_token"] == edited["access_token"])
        let before = try await service.tokens(user, "?as_of_position=\(early)")
        #expect(before.status == 404)
        #expect(before.code == "not_connected")
    }

    private func recoverAndRepair(_ user: String, _ service: TestService) async throws {
        let held = try await service.tokens(user)["public_token"]
        let same = try await service.post(service.user(user, "/public-token"))
        #expect(same.status == 200)
        #expect(same["public_token"] == held)
        #expect(same.json["changed"] == .bool(false))

        // The user connects a source, and the page is gone before it could report anything.
        _ = try await service.play(
            try await service.launch(user),
            connect: ["watch"],
            done: false
        )
        let other = try await service.post(service.user(user, "/public-token"))
        #expect(other["public_token"] != held)
        #expect(other.json["changed"] == .bool(true))
        #expect(
            other["public_token"]
                == (try await service.sandbox.user(user)?["public_token"]?.text)
        )

        let broken = try await service.post(service.user(user, "/broken"))
        #expect(broken.status == 200)
        let reported = try await service.tokens(user)
        #expect(reported["status"] == "broken")
        #expect(reported["reason"] == "provider_401")
        #expect(reported["next_step"] == "launch")
        _ = try await service.post(service.user(user, "/broken"))

        let repair = try await service.connect(user, "glucose")
        #expect(repair.mode == "edit")
        #expect(try await service.tokens(user)["status"] == "connected")
        #expect(
            try await service.types(user) == Self.created + Self.edited + [
                "edit.launched", "public_token.recovered", "connection.broken",
            ] + Self.edited
        )
    }

    /// The export is the records, byte for byte, of this app alone.
    private func expectExport(_ service: TestService) async throws {
        let records = try await service.records(log: .facts)
        let export = try await service.get("/v1/export")
        #expect(export.headers["content-type"] == "application/x-ndjson")
        let own = records.filter { $0.clientID == service.app.clientID }
        #expect(own.count < records.count)
        #expect(
            export.text
                == own.map { String(decoding: $0.encoded(), as: UTF8.self) + "\n" }.joined()
        )
        let rest = try await service.get("/v1/export?from_position=\(records.count - 1)")
        #expect(rest.text.split(separator: "\n").count == 1)
        let access = try await service.get("/v1/export?log=access")
        #expect(access.text.contains("\"type\":\"token.read\""))
    }

    @Test("a relayed finish connects the user that the backend names, and nobody else")
    func relay() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("relayed", finish: "relay")
            #expect(launch.finishPath.isEmpty)
            let object = try await service.session(launch)
            let path = "/v1/launches/\(launch.id)/finish"
            let named = { (user: String) in
                String(object.dropLast()) + ",\"client_user_id\":\"\(user)\"}"
            }
            let other = try await service.post(path, named("somebody"))
            #expect(other.status == 409)
            #expect(other.code == "different_person")
            #expect(try await service.types("relayed") == ["connect.launched"])
            let answer = try await service.post(path, named("relayed"))
            #expect(answer.status == 201)
            #expect(answer["publicToken"] == (try await service.tokens("relayed"))["public_token"])
        }
    }

    @Test("a relay launch has no direct finish, and an invented token finds nothing")
    func launchTokens() async throws {
        try await TestService.run { service in
            let relay = try await service.launch("relay", finish: "relay")
            let id = try #require(Identifier(relay.id))
            let path = "/v1/finish/" + service.store.vault.launchToken(id).exposed
            let direct = try await service.launch("direct")
            var forged = direct.finishPath
            forged.append(forged.removeLast() == "A" ? "B" : "A")
            let short = String(direct.finishPath.dropLast(8))
            for path in [path, forged, short, "/v1/finish/x"] {
                let answer = try await service.finish(path, "{}")
                #expect(answer.status == 404, "\(answer.text)")
                #expect(answer.code == "launch_not_found")
            }
        }
    }
}
