import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerStore
import TestSupport
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ProviderTests {
    private struct Misbehaviour {
        let behaviour: SandboxBehaviour
        let status: Int
        let code: String
        /// The last event, and what it says.
        let type: String
        let data: (key: String, value: JSONValue)
    }

    private static let all = [
        Misbehaviour(
            behaviour: .denied,
            status: 422,
            code: "session_rejected",
            type: "finalize.rejected",
            data: ("status", 401)
        ),
        Misbehaviour(
            behaviour: .exchange500Once,
            status: 202,
            code: "finalize_unresolved",
            type: "finalize.unresolved",
            data: ("class", "server_error_500")
        ),
        Misbehaviour(
            behaviour: .exchangeMissingField,
            status: 202,
            code: "finalize_unresolved",
            type: "finalize.unresolved",
            data: ("class", "missing_field")
        ),
        Misbehaviour(
            behaviour: .exchangeReset,
            status: 202,
            code: "finalize_unresolved",
            type: "finalize.unresolved",
            data: ("class", "connection_lost")
        ),
        Misbehaviour(
            behaviour: .exchangeTruncated,
            status: 202,
            code: "finalize_unresolved",
            type: "finalize.unresolved",
            data: ("class", "connection_lost")
        ),
        Misbehaviour(
            behaviour: .exchangeBlocked,
            status: 202,
            code: "finalize_unresolved",
            type: "finalize.unresolved",
            data: ("class", "foreign_refusal_403")
        ),
        Misbehaviour(
            behaviour: .exchangeWrongHuman,
            status: 409,
            code: "different_person",
            type: "finalize.refused",
            data: ("which", "human_id")
        ),
        Misbehaviour(
            behaviour: .exchangeWrongUser,
            status: 409,
            code: "different_person",
            type: "finalize.refused",
            data: ("which", "client_user_id")
        ),
    ]

    @Test("whatever the provider does wrong is recorded as what it is, and earlier tokens are kept")
    func misbehaviours() async throws {
        try await TestService.run { service in
            for bad in Self.all {
                try await expectKept(bad, isConnected: false, service)
                try await expectKept(bad, isConnected: true, service)
            }
        }
    }

    @Test("a provider that never answers is cut off, and the outcome is recorded as unknown")
    func timeOut() async throws {
        try await TestService.run(providerTimeMax: .seconds(2)) { service in
            let bad = Misbehaviour(
                behaviour: .exchangeTimeout,
                status: 202,
                code: "finalize_unresolved",
                type: "finalize.unresolved",
                data: ("class", "timed_out")
            )
            try await expectKept(bad, isConnected: false, service)
            try await expectKept(bad, isConnected: true, service)
        }
    }

    private func expectKept(
        _ bad: Misbehaviour,
        isConnected: Bool,
        _ service: TestService
    ) async throws {
        let user = "\(bad.behaviour.rawValue.dropFirst(8)) \(isConnected)"
        if isConnected { try await service.connect(user) }
        let tokens = try await service.tokens(user)
        let types = try await service.types(user)
        try await service.sandbox.behave(bad.behaviour, user)
        let launch = try await service.launch(user)
        let session = try await service.session(launch, connect: ["lab"])
        for _ in 0..<2 {
            let answer = try await service.finish(launch.finishPath, session)
            #expect(answer.status == bad.status, "\(user)")
            #expect(answer.code == bad.code, "\(user)")
        }
        #expect(try await service.exchanges(of: session) == 1, "\(user)")
        #expect(
            try await service.types(user) == types + [
                isConnected ? "edit.launched" : "connect.launched", "finish.received",
                "exchange.dispatched", bad.type,
            ],
            "\(user)"
        )
        let last = try await service.events(user).last?["event"]?["data"]
        #expect(last?[bad.data.key] == bad.data.value, "\(user)")
        let kept = try await service.tokens(user)
        #expect(kept.status == (isConnected ? 200 : 404))
        #expect(kept["access_token"] == tokens["access_token"])
        #expect(kept["public_token"] == tokens["public_token"])

        // The next launch asks the provider first, so the popup opens and repairs it.
        try await service.sandbox.behave(nil, user)
        let repair = try await service.connect(user, "pharmacy")
        #expect(repair.mode == "edit", "\(user)")
        let now = try await service.tokens(user)
        let facts = try await service.sandbox.user(user)
        #expect(now["public_token"] == facts?["public_token"]?.text)
        #expect(now["access_token"] == facts?["access_token"]?.text)
        // Newer tokens are here, so nobody waits for the unknown answer any more.
        let shown = try await service.get(service.user(user))
        #expect(shown.json["open_finalizes"] == .number("0"))
    }

    @Test("a finish while nothing reaches the provider is dispatched anew when it is back")
    func notSent() async throws {
        try await TestService.run { service in
            try await service.connect("not sent")
            let launch = try await service.launch("not sent")
            let session = try await service.session(launch, connect: ["scale"])
            let before = try await service.types("not sent")
            await service.sandbox.stop()
            let lost = try await service.finish(launch.finishPath, session)
            #expect(lost.status == 202)
            #expect(lost.code == "finalize_unresolved")
            let dispatches = Array(repeating: "exchange.dispatched", count: 3)
            #expect(
                try await service.types("not sent")
                    == before + ["finish.received"] + dispatches + ["finalize.unresolved"]
            )
            let numbers = try await service.events("not sent").compactMap {
                $0["event"]?["data"]?["number"]
            }
            #expect(numbers == [1, 1, 2, 3])
            try await service.sandbox.start()
            let again = try await service.finish(launch.finishPath, session)
            #expect(again.status == 201)
            #expect(
                again["publicToken"]
                    == (try await service.sandbox.user("not sent")?["public_token"]?.text)
            )
            #expect(try await service.exchanges(of: session) == 1)
            #expect(
                try await service.types("not sent").suffix(4) == [
                    "exchange.dispatched", "edit.finalized", "access_token.rotated",
                    "public_token.rotated",
                ]
            )
            #expect(
                try await service.events("not sent").suffix(4).first?["event"]?["data"]?["number"]
                    == 4
            )
        }
    }

    @Test("while the provider is away a finish is refused without a trace, and works afterwards")
    func away() async throws {
        try await TestService.run(probePause: .seconds(10)) { service in
            let first = try await service.launch("away first")
            let lost = try await service.session(first)
            let launch = try await service.launch("away second")
            let session = try await service.session(launch)
            await service.sandbox.stop()
            // Three dispatches that are not sent.
            #expect(try await service.finish(first.finishPath, lost).status == 202)
            try await service.sandbox.start()
            let refused = try await service.finish(launch.finishPath, session)
            #expect(refused.status == 503)
            #expect(refused.code == "provider_unavailable")
            let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
            #expect((1...10).contains(wait))
            #expect(try await service.types("away second") == ["connect.launched"])
            try await Task.sleep(for: .seconds(wait))
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            #expect(try await service.exchanges(of: session) == 1)
        }
    }

    @Test("a provider without the right TLS gets no session, and each is good once it is mended")
    func wrongTLS() async throws {
        try await TestService.run(probePause: .seconds(60)) { service in
            let right = await service.sandbox.url
            var finishes: [(path: String, session: String)] = []
            for name in ["tls 1", "tls 2", "tls 3"] {
                let launch = try await service.launch(name)
                finishes.append((launch.finishPath, try await service.session(launch)))
            }
            try await TLSServer.run(.selfSigned) { server in
                try await service.move(to: server.url)
                let lost = try await service.finish(finishes[0].path, finishes[0].session)
                #expect(lost.status == 202)
                #expect(lost.code == "finalize_unresolved")
                let last = try await service.events("tls 1").last?["event"]
                #expect(last?["data"]?["class"] == "not_sent")
                let refused = try await service.finish(finishes[1].path, finishes[1].session)
                #expect(refused.status == 503)
                #expect(refused.code == "provider_unavailable")
                #expect(refused.headers["retry-after"] != nil)
                #expect(try await service.types("tls 2") == ["connect.launched"])
                #expect(server.connections == ["refused", "refused", "refused"])
            }
            // TLS to somebody who speaks none.
            try await service.move(to: right.replacing("http:", with: "https:"))
            #expect(try await service.finish(finishes[2].path, finishes[2].session).status == 202)
            try await service.move(to: right)
            for finish in finishes {
                #expect(try await service.exchanges(of: finish.session) == 0)
                #expect(try await service.finish(finish.path, finish.session).status == 201)
                #expect(try await service.exchanges(of: finish.session) == 1)
            }
        }
    }

    @Test("parallel repeats of a finish that was not sent are one exchange")
    func notSentRepeats() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("repeats sandbox_slow")
            let session = try await service.session(launch)
            await service.sandbox.stop()
            #expect(try await service.finish(launch.finishPath, session).status == 202)
            try await service.sandbox.start()
            let answers = try await parallel(10) { _ in
                try await service.finish(launch.finishPath, session)
            }
            #expect(Set(answers.map(\.status)) == [201])
            #expect(Set(answers.map(\.text)).count == 1)
            #expect(try await service.exchanges(of: session) == 1)
        }
    }

    @Test("a person who is linked to one user is not linked to another")
    func humanTaken() async throws {
        try await TestService.run { service in
            try await service.connect("first")
            let human = try #require(try await service.tokens("first")["human_id"])
            let launch = try await service.launch("second")
            // The finish of the first user's popup, posted with the second user's launch.
            let played = try await service.play(try await service.launch("first"), connect: ["lab"])
            #expect(played["humanId"] == human)
            let answer = try await service.finish(launch.finishPath, played.text)
            #expect(answer.status == 409)
            #expect(answer.code == "different_person")
            #expect(
                try await service.types("second") == [
                    "connect.launched", "finish.received", "exchange.dispatched",
                    "finalize.refused",
                ]
            )
            #expect(try await service.tokens("second").code == "not_connected")
        }
    }

    @Test("a finish about another person than before is refused without an exchange")
    func otherPerson() async throws {
        try await TestService.run { service in
            try await service.connect("victim")
            try await service.connect("attacker")
            let launch = try await service.launch("victim")
            let session = try await service.session(
                try await service.launch("attacker"),
                connect: ["lab"]
            )
            let answer = try await service.finish(launch.finishPath, session)
            #expect(answer.status == 409)
            #expect(answer.code == "different_person")
            #expect(try await service.exchanges(of: session) == 0)
            #expect(
                try await service.types("victim").suffix(2) == [
                    "finish.received", "finalize.refused",
                ]
            )
        }
    }
}
