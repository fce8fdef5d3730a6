import HumanConnect
import Ledger
import LedgerStore
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct FinishRepeatTests {
    @Test("a repeated finish answers the first outcome, also after the token has changed")
    func repeats() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("repeat")
            let session = try await service.session(launch)
            let first = try await service.finish(launch.finishPath, session)
            #expect(first.status == 201)
            try await service.connect("repeat", "scale")
            let types = try await service.types("repeat")
            let again = try await service.finish(launch.finishPath, session)
            #expect(again.status == 201)
            #expect(again.text == first.text)
            let relayed = try await service.post("/v1/launches/\(launch.id)/finish", session)
            #expect(relayed.text == first.text)
            #expect(try await service.exchanges(of: session) == 1)
            #expect(try await service.types("repeat") == types)
        }
    }

    @Test("a hundred parallel duplicates of a finish are one exchange and one answer")
    func duplicates() async throws {
        try await TestService.run { service in
            for behaviour in [nil, SandboxBehaviourName.slow] {
                let user = "duplicates \(behaviour ?? "")"
                let launch = try await service.launch(user)
                let session = try await service.session(launch)
                let answers = try await parallel(100) { _ in
                    try await service.finish(launch.finishPath, session)
                }
                #expect(Set(answers.map(\.status)) == [201])
                #expect(Set(answers.map(\.text)).count == 1)
                #expect(try await service.exchanges(of: session) == 1)
                #expect(
                    try await service.types(user) == [
                        "connect.launched", "finish.received", "exchange.dispatched",
                        "connect.finalized", "access_token.rotated", "public_token.rotated",
                    ]
                )
            }
        }
    }

    @Test("forged finishes do not use up a launch: the real one of them wins, whenever it comes")
    func rivals() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("rivals")
            let session = try await service.session(launch)
            let object = try SessionTokenObject(
                body: Array(session.utf8),
                contentType: "application/json"
            )
            let answers = try await parallel(20) { number in
                let text =
                    number == 0
                    ? session
                    : #"{"humanId":"\#(object.humanID.exposed)","clientId":"own-client","#
                        + #""sessionToken":"forged \#(number)"}"#
                return try await service.finish(launch.finishPath, text)
            }
            #expect(answers[0].status == 201, "\(answers[0].text)")
            for answer in answers.dropFirst() {
                let code = answer.code ?? "\(answer.status)"
                // The last one's answer came after that of the real one, which was sent later.
                let codes = ["launch_consumed", "session_rejected", "finalize_abandoned"]
                #expect(codes.contains(code), "\(code)")
            }
            #expect(try await service.tokens("rivals")["status"] == "connected")
        }
    }

    @Test("a session serves one launch and one person; a launch serves one session")
    func crossed() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("crossed")
            let session = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, session).status == 201)

            let later = try await service.launch("crossed")
            let used = try await service.finish(later.finishPath, session)
            #expect(used.status == 422)
            #expect(used.code == "session_used")

            let other = try await service.launch("other")
            let stolen = try await service.finish(other.finishPath, session)
            #expect(stolen.status == 422)
            #expect(stolen.code == "session_used")
            #expect(try await service.types("other") == ["connect.launched"])

            let second = try await service.session(later, connect: ["watch"])
            for _ in 0..<3 {
                let consumed = try await service.finish(launch.finishPath, second)
                #expect(consumed.status == 422)
                #expect(consumed.code == "launch_consumed")
            }
            #expect(try await service.exchanges(of: second) == 0)
            let types = try await service.types("crossed")
            #expect(types.filter { $0 == "finish.refused" }.count == 1, "it is remembered, once")
            #expect(types.last == "finish.refused")
            #expect(try await service.finish(later.finishPath, second).status == 201)
        }
    }

    @Test("a finish that comes after its launch has expired still counts, and so do reports")
    func expired() async throws {
        try await TestService.run { service in
            let id = service.store.clock.identifier()
            let user = service.store.newUser(Secret("expired"), of: service.app)
            var change = Change(context: RecordContext(actor: "service"))
            change.append(
                .connectLaunched(
                    LedgerEvent.Launch(
                        launch: id,
                        finish: .direct,
                        expiry: service.store.clock.now().adding(seconds: -1)
                    )
                ),
                id: id
            )
            guard case .written = try await service.store.write(change, to: user) else {
                Issue.record("the launch is written")
                return
            }
            let played = try await service.sandbox.play(
                "expired",
                publicToken: "",
                TestSandbox.Popup(connect: ["band"])
            )
            let path = "/v1/finish/" + service.store.vault.launchToken(id).exposed
            let answer = try await service.finish(path, played.text)
            #expect(answer.status == 201, "\(answer.text)")
            #expect(try await service.exchanges(of: played.text) == 1)
            #expect(try await service.tokens("expired")["status"] == "connected")
            for report in ["/closed", "/failed"] {
                #expect(try await service.finish(path + report, "{}").status == 200)
            }
            #expect(
                try await service.types("expired").suffix(2) == ["launch.closed", "launch.failed"]
            )
        }
    }

    @Test("a popup that sends its finish message twice is one exchange")
    func duplicateFinish() async throws {
        try await TestService.run { service in
            for round in 0..<20 {
                let launch = try await service.launch("sandbox_duplicate_finish \(round)")
                let session = try await service.session(launch)
                let answers = try await parallel(2) { _ in
                    try await service.finish(launch.finishPath, session)
                }
                #expect(answers[0].text == answers[1].text)
                #expect(answers[0].status == 201)
                #expect(try await service.exchanges(of: session) == 1)
            }
        }
    }
}

/// Names that choose a behaviour by standing in the user's id.
enum SandboxBehaviourName {
    static let slow = "sandbox_slow"
}

/// Runs `count` tasks at once and gives their values in order.
func parallel<Value: Sendable>(
    _ count: Int,
    _ body: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        for number in 0..<count {
            group.addTask { (number, try await body(number)) }
        }
        var values: [Int: Value] = [:]
        for try await (number, value) in group { values[number] = value }
        return (0..<count).compactMap { values[$0] }
    }
}
