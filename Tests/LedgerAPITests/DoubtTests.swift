import ConnectFlow
import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerStore
import Testing
import Vault
import Wire

/// What a user does whom nobody tells us of: the next popup opens all the same.
@Suite("Doubt", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct DoubtTests {
    @Test("a page that dies after Done strands nobody, in either mode", arguments: [false, true])
    func lostPage(isConnected: Bool) async throws {
        try await TestService.run { service in
            let user = "lost page"
            if isConnected { try await service.connect(user) }
            let launch = try await service.launch(user)
            _ = try await service.session(launch, connect: ["watch"])
            // No finish, no report: the page is gone.
            let next = try await service.launch(user)
            #expect(next.mode == "edit")
            #expect(try await service.play(next).status == 200)
        }
    }

    @Test("a second tab changes the token unseen, and the next launch knows it")
    func secondTab() async throws {
        try await TestService.run { service in
            try await service.connect("tabs")
            let first = try await service.launch("tabs")
            let second = try await service.launch("tabs")
            let session = try await service.session(first, connect: ["lab"])
            #expect(try await service.finish(first.finishPath, session).status == 201)
            let token = try #require(try await service.tokens("tabs")["public_token"])
            _ = second
            // The other tab was opened with the same token and connects a source now.
            let played = try await service.sandbox.play(
                "tabs",
                publicToken: token,
                TestSandbox.Popup(connect: ["scale"])
            )
            #expect(played.status == 200)
            let next = try await service.launch("tabs")
            #expect(next.publicToken != token)
            #expect(try await service.play(next).status == 200)
        }
    }

    @Test("an answer that comes after that of a later exchange brings nothing older back")
    func overtaken() async throws {
        try await TestService.run { service in
            try await service.connect("overtaken")
            let first = try await service.launch("overtaken")
            let slow = try await service.session(first, connect: ["lab"])
            let fresh = try await service.launch("overtaken")
            try await service.sandbox.behave(.slow, "overtaken")
            async let late = service.finish(first.finishPath, slow)
            try await eventually("the provider has made the first exchange") {
                try await service.sandbox.requests("/v1/connect/tokens", of: "overtaken")
                    .count { $0["exchange"]?["acted"] == true } == 2
            }
            try await service.sandbox.behave(nil, "overtaken")
            let session = try await service.session(fresh, connect: ["scale"])
            #expect(try await service.finish(fresh.finishPath, session).status == 201)
            let held = try await service.tokens("overtaken")
            #expect(try await late.status == 422)
            let tokens = try await service.tokens("overtaken")
            #expect(tokens["access_token"] == held["access_token"])
            #expect(tokens["public_token"] == held["public_token"])
            let types = try await service.types("overtaken")
            #expect(types.contains("finalize.superseded"))
            #expect(types.contains("finalize.unresolved"))
            // Which exchange the provider made first is not certain, so it is asked.
            let next = try await service.launch("overtaken")
            #expect(try await service.play(next).status == 200)
            #expect(try await service.kept(["session_token"]) == 0)
            #expect(try await service.verifies())
        }
    }

    @Test("a user deleted at the provider opens in create mode at the next launch")
    func deleted() async throws {
        try await TestService.run { service in
            try await service.connect("deleted")
            let held = try await service.tokens("deleted")
            // A popup of an hour ago: whoever opens one now is asked about.
            _ = try await service.launch("deleted")
            try await service.sandbox.delete("deleted")
            let next = try await service.launch("deleted")
            #expect(next.mode == "create")
            #expect(next.publicToken.isEmpty)
            let session = try await service.session(next)
            #expect(try await service.finish(next.finishPath, session).status == 201)
            #expect(try await service.tokens("deleted")["human_id"] != held["human_id"])
            #expect(
                try await service.types("deleted").suffix(6)
                    == [
                        "person.gone", "connect.launched", "finish.received", "exchange.dispatched",
                        "connect.finalized", "access_token.rotated", "public_token.rotated",
                    ].suffix(6)
            )
            #expect(try await service.verifies())
        }
    }

    @Test("without an App Key a claim alone never brings a token, and the page is told")
    func claim() async throws {
        try await TestService.run(hasAppKey: false) { service in
            try await service.connect("victim")
            let victim = try #require(try await service.tokens("victim")["human_id"])
            let launch = try await service.launch("attacker")
            let forged = #"{"humanId":"\#(victim)","clientId":"own-client","sessionToken":"none"}"#
            let answer = try await service.finish(launch.finishPath, forged)
            #expect(answer.code == "session_rejected")
            let next = try await service.post("/v1/launches", #"{"client_user_id":"attacker"}"#)
            #expect(next.status == 409, "\(next.text)")
            #expect(next.code == "person_unproven")
            #expect(try await service.tokens("attacker").status == 404)
            let types = try await service.types("attacker")
            #expect(!types.contains("public_token.recovered"))
            #expect(try await service.verifies())
        }
    }

    @Test(
        "while a finish is under way, another launch is told to wait and not that nothing is proved"
    )
    func underWay() async throws {
        try await TestService.run(hasAppKey: false) { service in
            let user = "sandbox_slow"
            let launch = try await service.launch(user)
            let session = try await service.session(launch)
            async let finishing = service.finish(launch.finishPath, session)
            try await service.waitForExchange(of: session)
            let body = #"{"client_user_id":"\#(user)"}"#
            let second = try await service.post("/v1/launches", body)
            #expect(second.status == 409)
            #expect(second.code == "finalize_in_progress")
            #expect(second.headers["retry-after"] != nil)
            #expect(try await finishing.status == 201)
            #expect(try await service.launch(user).mode == "edit")
        }
    }

    @Test("a claim of somebody whom the provider does not know is forgotten")
    func disproved() async throws {
        try await TestService.run(hasAppKey: false) { service in
            let launch = try await service.launch("honest")
            let forged = #"{"humanId":"nobody","clientId":"own-client","sessionToken":"none"}"#
            #expect(
                try await service.finish(launch.finishPath, forged).code == "session_rejected"
            )
            let next = try await service.launch("honest")
            #expect(next.mode == "create")
            #expect(next.answer["caution"] == "user_may_exist")
            #expect(
                try await service.types("honest").suffix(2) == ["person.gone", "connect.launched"]
            )
            #expect(try await service.kept(["claimed_human_id"]) == 0)
            let session = try await service.session(next)
            #expect(try await service.finish(next.finishPath, session).status == 201)
        }
    }

    @Test("without an App Key a lost page is a caution, and a late finish heals it")
    func lateFinish() async throws {
        try await TestService.run(hasAppKey: false) { service in
            let launch = try await service.launch("late")
            #expect(launch.answer["caution"] == nil)
            let session = try await service.session(launch)
            let next = try await service.launch("late")
            #expect(next.mode == "create")
            #expect(next.answer["caution"] == "user_may_exist")
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            #expect(try await service.launch("late").mode == "edit")
        }
    }
}
