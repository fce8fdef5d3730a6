import HumanConnect
import Ledger
import LedgerStore
import TestSupport
import Testing
import Wire

@testable import ConnectFlow

/// Where the provider's answer names no user, something else must bind the finish to the launched
/// one (docs/threats.md#t2).
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct UnnamedAnswerTests {
    /// An answer as those of 2014: whom it is for, and no user.
    private static func answer(to object: String) throws -> String {
        let sent = try SessionTokenObject(
            body: Array(object.utf8),
            contentType: "application/json"
        )
        let body = """
            {"humanId":"\(sent.humanID.exposed)","accessToken":"unnamed access",\
            "publicToken":"unnamed public","clientId":"\(sent.clientID)"}
            """
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    /// Lends a popup's end of a user whose exchange will be answered like that.
    private func unnamed(
        _ finish: String = "direct",
        session: TestSession? = nil,
        hasAppKey: Bool,
        policies: Set<AppPolicy> = [],
        _ body: (TestService, ServedLaunch, _ object: String) async throws -> Void
    ) async throws {
        try await TestService.run(hasAppKey: hasAppKey) { service in
            let launch = try await service.launch("alice", finish: finish, session: session)
            let object = try await service.session(launch)
            try await StubProvider.run(.answer(try Self.answer(to: object))) { _, url in
                if !policies.isEmpty { try await service.decide(policies) }
                try await service.move(to: url)
                try await body(service, launch, object)
            }
        }
    }

    @Test("bound by nothing it links nobody, and the tokens are destroyed")
    func nothing() async throws {
        try await unnamed(hasAppKey: false) { service, launch, object in
            for _ in 0..<2 {
                let answer = try await service.finish(launch.finishPath, object)
                #expect(answer.status == 409 && answer.code == "user_unproven", "\(answer.text)")
            }
            #expect(try await service.types("alice").last == "finalize.refused")
            #expect(
                try await service.events("alice").last?["event"]?["data"]?["which"]
                    == .string("user_unproven")
            )
            #expect(try await service.tokens("alice").status == 404)
            let next = try await service.launch("bob")
            #expect(next.mode == "create")
        }
    }

    @Test("a backend that names its user binds it, and so does a session's verifier")
    func bound() async throws {
        try await unnamed("relay", hasAppKey: false) { service, launch, object in
            let path = "/v1/launches/\(launch.id)/finish"
            let named = object.dropLast() + ",\"client_user_id\":\"alice\"}"
            let answer = try await service.post(path, String(named))
            let binding = try await service.binding("alice")
            #expect(answer.status == 201 && binding == "user", "\(answer.text)")
        }
        let session = TestSession()
        try await unnamed("relay", session: session, hasAppKey: false) { service, launch, object in
            let answer = try await service.relay(object, launch, session)
            let binding = try await service.binding("alice")
            #expect(answer.status == 201 && binding == "session", "\(answer.text)")
        }
        try await unnamed(session: session, hasAppKey: false) { service, launch, object in
            let code = try await service.finish(launch.finishPath, object)["finish_code"]
            let answer = try await service.confirm(launch, session, code: code)
            #expect(answer.status == 201, "\(answer.text)")
        }
    }

    @Test("a page that names the user binds nothing")
    func page() async throws {
        try await unnamed(hasAppKey: false) { service, launch, object in
            let named = object.dropLast() + ",\"client_user_id\":\"alice\"}"
            let answer = try await service.finish(launch.finishPath, String(named))
            #expect(answer.code == "user_unproven", "\(answer.text)")
        }
    }

    @Test("with the App Key the provider is asked whom it means")
    func asked() async throws {
        try await unnamed(hasAppKey: true) { service, launch, object in
            let answer = try await service.finish(launch.finishPath, object)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(try await service.tokens("alice")["access_token"] == "unnamed access")
        }
        // Mallory has launched for alice, and connected his own account in the popup.
        try await TestService.run { service in
            let mallory = try await service.launch("mallory")
            let object = try await service.session(mallory)
            let launch = try await service.launch("alice")
            try await StubProvider.run(.answer(try Self.answer(to: object))) { _, url in
                try await service.move(to: url)
                let answer = try await service.finish(launch.finishPath, object)
                #expect(answer.status == 409, "\(answer.text)")
                #expect(answer.code == "different_person")
                #expect(try await service.tokens("alice").status == 404)
            }
        }
    }

    @Test("while that cannot be asked, the answer waits, and is recorded once it can")
    func waits() async throws {
        try await unnamed(hasAppKey: true) { service, launch, object in
            let api = await service.sandbox.url
            try await service.damage("update ledger.app set api_url = 'http://127.0.0.1:1'")
            try await Task.sleep(for: .seconds(3))
            let answer = try await service.finish(launch.finishPath, object)
            #expect(answer.status == 503 && answer.code == "provider_unavailable")
            #expect(try service.waitingAnswers == 1)
            await service.flows.settler.drain()
            #expect(try service.waitingAnswers == 1, "not yet")
            try await service.damage("update ledger.app set api_url = '\(api)'")
            try await Task.sleep(for: .seconds(3))
            await service.flows.settler.drain()
            #expect(try service.waitingAnswers == 0)
            #expect(try await service.tokens("alice")["access_token"] == "unnamed access")
        }
    }

    @Test("an app that accepts the risk has it linked; who is linked needs no new reason")
    func accepted() async throws {
        try await unnamed(hasAppKey: false, policies: [.unnamedAccepted]) {
            service,
            launch,
            object in
            #expect(try await service.finish(launch.finishPath, object).status == 201)
            #expect(try await service.binding("alice") == "none")
            try await service.decide([])
            let edit = try await service.launch("alice")
            #expect(edit.mode == "edit")
            let human = try #require(try await service.tokens("alice")["human_id"])
            let again = """
                {"humanId":"\(human)","clientId":"own-client","sessionToken":"again"}
                """
            #expect(try await service.finish(edit.finishPath, again).status == 201)
        }
    }
}

extension TestService {
    /// What bound a user's last finish.
    func binding(_ clientUserID: String) async throws -> String? {
        try await events(clientUserID).last { $0["event"]?["type"]?.text == "finish.received" }?[
            "event"
        ]?["data"]?["binding"]?.text
    }
}
