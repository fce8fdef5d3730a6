import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

/// A link that support makes at the console, and hands to a user (docs/design.md#the-console).
@Suite("launch links", .timeLimit(.minutes(2)))
struct LaunchLinkTests {
    /// Makes a link; gives its path.
    private static func link(_ user: String, _ service: TestService) async throws -> String {
        let subject = try #require(try await service.get(service.user(user))["subject"])
        let visitor = try await TestVisitor(service, key: service.key)
        let made = try await visitor.post("/console/users/\(subject)/launch", [])
        try #require(made.status == 200, "\(made.text)")
        let link = try #require(made.text.firstMatch(of: /id="value">(http[^<]+)</)?.1)
        #expect(link.hasPrefix(service.url + "/launch/"))
        return String(link.dropFirst(service.url.count))
    }

    private static func press(_ link: String, _ service: TestService) async throws -> TestAnswer {
        try await service.call(
            .POST,
            link,
            key: nil,
            headers: ["Content-Type": "application/json", "Origin": service.url],
            body: Array("{}".utf8)
        )
    }

    private static func page(_ link: String, _ service: TestService) async throws -> TestAnswer {
        try await service.call(.GET, link, key: nil)
    }

    @Test("whoever has it opens the popup of one launch, and it ends with that")
    func once() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let token = try #require(try await service.tokens("alice")["public_token"])
            let link = try await Self.link("alice", service)
            let event = try #require(try await service.events("alice").last?["event"])
            #expect(event["type"] == "edit.launched")
            #expect(event["actor"]?.text == "key:\(try #require(APIKey(service.key)).id)")

            let open = try await Self.page(link, service)
            #expect(open.status == 200 && open.text.contains("data-launch=\"\(link)\""))
            #expect(!open.text.contains("alice") && !open.text.contains(token))
            let policy = try #require(open.headers["content-security-policy"])
            #expect(policy.contains("frame-src \(await service.sandbox.url);"))
            // Of this service the page reaches what the button needs, and not the console.
            #expect(!policy.contains("'self'"))
            #expect(
                policy.contains(
                    "connect-src \(service.url)/launch/ \(service.url)/v1/finish/;"
                )
            )
            #expect(open.headers["cache-control"] == "no-store")
            // Looking at the page uses nothing up.
            _ = try await Self.page(link, service)

            let accesses = try await service.records(log: .access).count
            let answer = try await Self.press(link, service)
            #expect(answer.status == 201 && answer["mode"] == "edit")
            #expect(answer.json["options"]?["publicToken"]?.text == token)
            #expect(answer["finish_url"]?.hasPrefix(service.url + "/v1/finish/") == true)
            // Who was given the token is on record.
            let read = try #require(
                try await service.records(log: .access).dropFirst(accesses).first
            )
            #expect(read.event == .tokenRead(kind: .publicToken, version: 1, key: "launch"))

            let popup = try await service.sandbox.play(
                "alice",
                publicToken: token,
                TestSandbox.Popup(connect: ["watch"])
            )
            let path = String(try #require(answer["finish_url"]).dropFirst(service.url.count))
            let foreign = try await service.finish(path, popup.text, origin: "https://a.example")
            #expect(foreign.status == 403)
            let finished = try await service.finish(path, popup.text, origin: service.url)
            #expect(finished.status == 201, "\(finished.text)")
            #expect(try await Self.page(link, service).text.contains("is connected"))
            #expect(try await Self.press(link, service).status == 404)
        }
    }

    @Test("a popup that was closed ends it, and so does an erasure")
    func over() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let link = try await Self.link("alice", service)
            let id = try #require(try await service.events("alice").last?["event"]?["id"]?.text)
            _ = try await service.post("/v1/launches/\(id)/closed")
            let closed = try await Self.page(link, service)
            #expect(closed.status == 200 && closed.text.contains("has ended"))
            #expect(try await Self.press(link, service).status == 404)

            let other = try await Self.link("alice", service)
            _ = try await service.call(.DELETE, service.user("alice"), key: service.key)
            #expect(try await Self.page(other, service).text.contains("has ended"))
            #expect(try await Self.press(other, service).status == 404)
        }
    }

    @Test("a token that is none, and one of a relayed launch, lead nowhere")
    func unknown() async throws {
        try await TestService.run { service in
            let launch = try #require(
                Identifier(try await service.launch("alice", finish: "relay").id)
            )
            let vault = service.store.vault
            // A page's own launch is no link, and its token, which logs have, is none.
            let direct = try #require(Identifier(try await service.launch("bob").id))
            let tokens = [
                vault.launchLinkToken(launch), vault.launchToken(launch), vault.launchToken(direct),
            ]
            for link in ["/launch/nonsense"] + tokens.map({ "/launch/\($0.exposed)" }) {
                let page = try await Self.page(link, service)
                #expect(page.status == 404 && page.text.contains("no such link"), "\(link)")
                #expect(try await Self.press(link, service).status == 404)
            }
        }
    }

    @Test("an app that binds launches to sessions has no links, and says why")
    func bound() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let subject = try #require(try await service.get(service.user("alice"))["subject"])
            try await service.decide([.challengeRequired])
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console/users/\(subject)").text
            #expect(page.contains("A link belongs to no session"))
            #expect(!page.contains("make a link</button>"))
            let refused = try await visitor.post("/console/users/\(subject)/launch", [])
            #expect(refused.status == 422 && refused.text.contains("challenge_required"))
            let types = try await service.types("alice")
            #expect(!types.contains("edit.launched"))
            // Nor does one from before lead anywhere.
            try await service.decide([])
            let link = try await Self.link("alice", service)
            try await service.decide([.challengeRequired])
            #expect(try await Self.page(link, service).status == 404)
            #expect(try await Self.press(link, service).status == 404)
        }
    }
}
