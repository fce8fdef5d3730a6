import HumanConnectSandbox
import Ledger
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct UserListTests {
    /// Lets a user connect at the provider without telling us who it is, and report the end.
    private func doubt(_ user: String, _ service: TestService) async throws {
        let launch = try await service.launch(user)
        _ = try await service.play(launch, connect: ["band"], done: false)
        _ = try await service.finish(launch.finishPath + "/closed", "", contentType: nil)
    }

    private func expectFound(_ user: String, _ service: TestService) async throws {
        let launch = try await service.launch(user)
        #expect(launch.mode == "edit", "\(user)")
        let token = try await service.sandbox.user(user)?["public_token"]?.text
        #expect(launch.publicToken == token, "\(user)")
        #expect(try await service.play(launch, connect: ["lab"]).status == 200, "\(user)")
    }

    /// The provider has the user, so the popup would not open without the token.
    private func expectUnavailable(_ user: String, _ service: TestService) async throws {
        let answer = try await service.post("/v1/launches", #"{"client_user_id":"\#(user)"}"#)
        #expect(answer.status == 503)
        #expect(answer.code == "provider_unavailable")
    }

    @Test("a user is found among thousands, and only under the very same id")
    func found() async throws {
        try await TestService.run { service in
            let users = ["among many", "Among Many", "\u{E9}", "e\u{301}"]
            for user in users { try await doubt(user, service) }
            try await service.sandbox.listStrangers(3_000)
            for user in users { try await expectFound(user, service) }
        }
    }

    @Test("one bad entry is counted in the log and spoils it for nobody else")
    func badEntry() async throws {
        try await TestService.run { service in
            for user in ["good", "bad", "two"] { try await doubt(user, service) }
            try await service.sandbox.behave(.listedUnreadably, "bad")
            try await service.sandbox.behave(.listedTwice, "two")
            try await expectFound("good", service)
            let lines = service.logs.lines
            #expect(lines.contains { $0.contains("user list are unreadable") && $0.contains("1") })
            for user in ["bad", "two"] {
                let launch = try await service.launch(user)
                #expect(launch.mode == "create", "nobody can say who it is")
                #expect(try await service.types(user).contains("public_token.recovered") == false)
            }
            #expect(service.logs.lines.filter { $0.contains("personUnclear") }.count == 2)
        }
    }

    @Test("who comes while a list is read shares the next reading")
    func shared() async throws {
        try await TestService.run { service in
            let users = (0..<20).map { "shared \($0)" }
            for user in ["reader"] + users { try await doubt(user, service) }
            try await service.sandbox.listStrangers(20_000)
            async let reader: Void = expectFound("reader", service)
            while try await service.sandbox.listRequests() == 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            _ = try await parallel(users.count) { try await expectFound(users[$0], service) }
            try await reader
            let count = try await service.sandbox.listRequests()
            #expect(count >= 2 && count <= users.count / 3, "\(count)")
        }
    }

    @Test("a list that never ends is not 'not listed', and holds up nobody who does not need it")
    func endless() async throws {
        try await TestService.run(providerTimeMax: .seconds(8)) { service in
            try await service.connect("other")
            try await doubt("doubtful", service)
            try await service.sandbox.behave(.listEndless, "other")
            async let doubtful = service.launch("doubtful")
            while try await service.sandbox.listRequests() == 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await service.launch("other").mode == "edit")
            #expect(try await service.launch("new").mode == "create")
            let said = { service.logs.lines.contains { $0.contains("list was not read") } }
            #expect(!said(), "the list is still being read")
            #expect(try await doubtful.mode == "create")
            #expect(said())
            #expect(service.logs.lines.contains { $0.contains("user list tells nothing") })
            try await service.sandbox.behave(nil, "other")
            try await expectFound("doubtful", service)
        }
    }

    @Test("who was found is not looked for again when only the token did not come")
    func remembered() async throws {
        try await TestService.run { service in
            try await doubt("remembered", service)
            try await service.sandbox.behave(.publicTokens500, "remembered")
            try await expectUnavailable("remembered", service)
            try await service.sandbox.behave(nil, "remembered")
            let before = try await service.sandbox.listRequests()
            try await expectFound("remembered", service)
            #expect(try await service.sandbox.listRequests() == before)
        }
    }

    @Test("who was found and is gone since is looked for again")
    func forgotten() async throws {
        try await TestService.run { service in
            try await doubt("forgotten", service)
            try await service.sandbox.behave(.publicTokens500, "forgotten")
            try await expectUnavailable("forgotten", service)
            try await service.sandbox.behave(nil, "forgotten")
            try await service.sandbox.delete("forgotten")
            _ = try await service.sandbox.play(
                "forgotten",
                publicToken: "",
                TestSandbox.Popup(connect: ["lab"], done: false)
            )
            try await expectFound("forgotten", service)
        }
    }
}
