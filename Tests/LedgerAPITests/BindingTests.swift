import HumanConnect
import Ledger
import LedgerStore
import Testing
import Vault
import Wire

@testable import ConnectFlow

/// A finish belongs to the session that the launch is bound to (docs/threats.md#t1).
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct BindingTests {
    /// How an attacker makes a victim finish his launch.
    struct Variant: Sendable, CustomTestStringConvertible {
        enum Order: String, CaseIterable {
            case attackerFirst
            case victimFirst
            case victimAlone
        }

        enum Finish: String, CaseIterable {
            case direct
            case relay
        }

        enum Shown: String, CaseIterable {
            /// The session of whoever was in front of the popup.
            case victims
            /// The session that the launch belongs to, which has not seen the popup's end; where a
            /// backend relays, that is nobody's.
            case attackers
        }

        let order: Order
        let finish: Finish
        let shown: Shown

        var testDescription: String { "\(order) \(finish) \(shown)" }

        static let all = Order.allCases.flatMap { order in
            Finish.allCases.flatMap { finish in
                Shown.allCases.map { Variant(order: order, finish: finish, shown: $0) }
            }
        }
    }

    @Test("an attacker's launch that a victim finishes exchanges nothing", arguments: Variant.all)
    func fixation(variant: Variant) async throws {
        try await TestService.run { service in
            let (attacker, victim) = (TestSession(), TestSession())
            let launchVictim = {
                try await service.launch("victim", finish: variant.finish.rawValue, session: victim)
            }
            var own = variant.order == .victimFirst ? try await launchVictim() : nil
            let launch = try await service.launch(
                "attacker",
                finish: variant.finish.rawValue,
                session: attacker
            )
            if variant.order == .attackerFirst { own = try await launchVictim() }
            let forged =
                try await variant.finish == .direct
                ? forgedCode(attacker, service) : nil
            // The victim is in front of the popup, and the victim's page gets what it hands out.
            let object = try await service.session(launch)
            try await finishAsVictim(variant, object, launch, (attacker, victim), forged, service)

            #expect(try await service.exchanges(of: object) == 0)
            #expect(try await service.tokens("attacker").status == 404)
            await service.flows.settler.settle(at: service.store.clock.now().adding(seconds: 301))
            #expect(try await service.exchanges(of: object) == 0)
            let types = try await service.types("attacker")
            #expect(types.contains("verifier.refused"))
            #expect(!types.contains("exchange.dispatched"))
            #expect(try await service.vaultRows("attacker", kind: "session_token") == 0)
            #expect(try await service.vaultRows("attacker", kind: "claimed_human_id") == 0)
            // Nor does the provider's list help him, which calls the victim by his id now.
            let next = try await service.askLaunch("attacker", "relay", attacker.challenge)
            #expect(next.status == 409 && next.code == "person_unproven", "\(next.text)")
            guard let own else { return }
            try await finishOwn(own, victim, variant.finish, service)
        }
    }

    private func finishAsVictim(
        _ variant: Variant,
        _ object: String,
        _ launch: ServedLaunch,
        _ sessions: (attacker: TestSession, victim: TestSession),
        _ forged: String?,
        _ service: TestService
    ) async throws {
        guard variant.finish == .direct else {
            let shown = variant.shown == .victims ? sessions.victim : nil
            let answer = try await service.relay(object, launch, shown)
            #expect(answer.status == 403 && answer.code == "verifier_refused", "\(answer.text)")
            return
        }
        let held = try await service.finish(launch.finishPath, object)
        #expect(held.status == 202 && held["status"] == "held", "\(held.text)")
        #expect(held["publicToken"] == nil)
        let code = try #require(held["finish_code"])
        guard variant.shown == .attackers else {
            let answer = try await service.confirm(launch, sessions.victim, code: code)
            #expect(answer.status == 403 && answer.code == "verifier_refused", "\(answer.text)")
            return
        }
        // The attacker's session is the right one, but only the victim's page has the code.
        for guess in [nil, "", launch.finishPath.split(separator: "/").last.map(String.init)] {
            let answer = try await service.confirm(launch, sessions.attacker, code: guess)
            #expect(answer.status == (guess == nil ? 400 : 422), "\(answer.text)")
        }
        let answer = try await service.confirm(launch, sessions.attacker, code: forged)
        #expect(answer.code == "finish_code_unknown", "\(answer.text)")
        #expect(try await service.confirm(launch, nil, code: code).code == "verifier_refused")
    }

    /// The code of a finish that the attacker has made up under another launch of his.
    private func forgedCode(_ session: TestSession, _ service: TestService) async throws -> String {
        let launch = try await service.launch("attacker", session: session)
        let held = try await service.finish(
            launch.finishPath,
            #"{"humanId":"other","clientId":"own-client","sessionToken":"other"}"#
        )
        return try #require(held["finish_code"], "\(held.text)")
    }

    /// What happened to the other launch does the victim's own no harm.
    private func finishOwn(
        _ launch: ServedLaunch,
        _ session: TestSession,
        _ finish: Variant.Finish,
        _ service: TestService
    ) async throws {
        let object = try await service.session(launch)
        let answer: TestAnswer
        switch finish {
        case .relay: answer = try await service.relay(object, launch, session)
        case .direct:
            let held = try await service.finish(launch.finishPath, object)
            answer = try await service.confirm(launch, session, code: held["finish_code"])
        }
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer["publicToken"] == (try await service.tokens("victim"))["public_token"])
        let human = try await service.sandbox.user("victim")?["human_id"]?.text
        #expect(try await service.tokens("victim")["human_id"] == human)
    }

    @Test("a held finish is exchanged once it is confirmed, and repeats answer the same")
    func confirmed() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            let held = try await service.finish(launch.finishPath, object)
            let again = try await service.finish(launch.finishPath, object)
            #expect(again.status == 202)
            #expect(again["finish_code"] == held["finish_code"])
            #expect(again["confirm_before"] == held["confirm_before"])
            #expect(try await service.exchanges(of: object) == 0)
            #expect(try await service.tokens("alice").status == 404)
            let code = held["finish_code"]
            async let one = service.confirm(launch, session, code: code)
            async let two = service.confirm(launch, session, code: code)
            async let three = service.relay(object, launch, session)
            let answers = try await [one, two, three]
            #expect(answers.map(\.status) == [201, 201, 201], "\(answers.map(\.text))")
            #expect(Set(answers.map { $0["publicToken"] }).count == 1)
            let late = try await service.confirm(launch, session, code: code)
            #expect(late.status == 201)
            let page = try await service.finish(launch.finishPath, object)
            #expect(page.status == 201)
            #expect(page["publicToken"] == answers[0]["publicToken"])
            #expect(try await service.exchanges(of: object) == 1)
            #expect(
                try await service.types("alice") == [
                    "connect.launched", "finish.held", "finish.confirmed", "exchange.dispatched",
                    "connect.finalized", "access_token.rotated", "public_token.rotated",
                ]
            )
            #expect(try await service.vaultRows("alice", kind: "session_token") == 0)
        }
    }

    @Test("who has the verifier may relay what the page has posted already, and edit later")
    func relayed() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, object).status == 202)
            #expect(try await service.relay(object, launch, session).status == 201)
            let next = TestSession()
            let edit = try await service.launch("alice", session: next)
            #expect(edit.mode == "edit")
            let second = try await service.session(edit, connect: ["scale"])
            let held = try await service.finish(edit.finishPath, second)
            #expect(try await service.relay(second, edit, session).code == "verifier_refused")
            let answer = try await service.confirm(edit, next, code: held["finish_code"])
            #expect(answer.status == 201)
            #expect(answer["publicToken"] == (try await service.tokens("alice"))["public_token"])
        }
    }

    @Test("what nobody confirms within five minutes is destroyed and on record")
    func unconfirmed() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            let held = try await service.finish(launch.finishPath, object)
            #expect(try await service.vaultRows("alice", kind: "session_token") == 1)
            let now = service.store.clock.now()
            await service.flows.settler.settle(at: now.adding(seconds: 290))
            #expect(try await service.types("alice").last == "finish.held")
            await service.flows.settler.settle(at: now.adding(seconds: 301))
            #expect(try await service.types("alice").last == "finalize.abandoned")
            #expect(try await service.vaultRows("alice", kind: "session_token") == 0)
            #expect(try await service.vaultRows("alice", kind: "claimed_human_id") == 0)
            for answer in [
                try await service.confirm(launch, session, code: held["finish_code"]),
                try await service.finish(launch.finishPath, object),
                try await service.relay(object, launch, session),
            ] {
                #expect(answer.status == 422 && answer.code == "finish_unconfirmed")
            }
            #expect(try await service.exchanges(of: object) == 0)
        }
    }

    @Test("what was confirmed meanwhile is not given up as unconfirmed, nor what is held otherwise")
    func confirmedMeanwhile() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            let code = try #require(
                try await service.finish(launch.finishPath, object)["finish_code"]
            )
            let id = try #require(service.store.vault.finalize(of: code))
            let context = RecordContext(actor: "service")
            let (finalize, user) = try #require(
                try await service.flows.finalizer.kept(id, context: context)
            )
            #expect(finalize.abandonment(.unconfirmed, of: user) != nil)
            #expect(finalize.abandonment(.neverSent, of: user) == nil)
            _ = try await service.store.change(user, of: service.app) { user in
                finalize.confirmation(by: user, at: service.store.clock.now()).0
            }
            let confirmed = try await finalize.launch.user(in: service.store)
            #expect(finalize.abandonment(.unconfirmed, of: confirmed) == nil)
            await service.flows.settler.settle(at: service.store.clock.now().adding(seconds: 301))
            #expect(try await service.tokens("alice").status == 200)
        }
    }

    @Test("an app that demands a challenge serves no launch without one")
    func demanded() async throws {
        try await TestService.run { service in
            try await service.decide([.challengeRequired])
            let refused = try await service.askLaunch("alice")
            #expect(refused.status == 422 && refused.code == "challenge_required")
            #expect(
                try await service.get(service.user("alice")).status == 404,
                "nothing is written"
            )
            let challenge = TestSession().challenge
            #expect(try await service.askLaunch("alice", "relay", challenge).status == 201)
        }
    }

    @Test("a challenge is 43 characters of base64url, and part of what an Idempotency-Key is for")
    func challenges() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let challenge = session.challenge
            for text in [
                "", "x", String(challenge.dropLast()), challenge + "A", challenge + "=",
                String(challenge.dropLast()) + "_", String(challenge.dropLast()) + "+",
            ] {
                let answer = try await service.askLaunch("alice", "relay", text)
                #expect(answer.status == 400 && answer.code == "malformed_request", "\(text)")
            }
            let headers = ["Idempotency-Key": "once"]
            let first = try await service.askLaunch("alice", "direct", challenge, headers)
            let again = try await service.askLaunch("alice", "direct", challenge, headers)
            #expect(first["launch_id"] == again["launch_id"])
            for other in [nil, TestSession().challenge] {
                let answer = try await service.askLaunch("alice", "direct", other, headers)
                #expect(answer.code == "key_reused", "\(answer.text)")
            }
        }
    }

    @Test("a page that shows the verifier proves nothing; an unbound launch confirms nothing")
    func pages() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            let verifier = ",\"session_verifier\":\"\(session.verifier)\"}"
            let shown = object.dropLast() + verifier
            #expect(try await service.finish(launch.finishPath, String(shown)).status == 202)
            let unbound = try await service.launch("bob")
            let answer = try await service.confirm(unbound, session, code: "x")
            #expect(answer.status == 422 && answer.code == "launch_not_bound")
        }
    }

    @Test("nothing of a verifier, a challenge or a code is in the log")
    func silence() async throws {
        try await TestService.run { service in
            let session = TestSession()
            let launch = try await service.launch("alice", session: session)
            let object = try await service.session(launch)
            let held = try await service.finish(launch.finishPath, object)
            let code = try #require(held["finish_code"])
            #expect(try await service.confirm(launch, session, code: code).status == 201)
            let text =
                try await service.records(log: .facts).map {
                    String(decoding: $0.encoded(), as: UTF8.self)
                }.joined() + service.logs.lines.joined()
            for secret in [session.verifier, session.challenge, code] {
                #expect(!text.contains(secret))
            }
        }
    }
}

extension TestService {
    /// How many values of a kind the vault keeps of a user.
    func vaultRows(_ clientUserID: String, kind: String) async throws -> Int64 {
        guard let user = try await store.user(Secret(clientUserID), of: app) else { return 0 }
        var count: Int64 = 0
        for version in 1...user.state.version {
            guard let kind = ValueKind(rawValue: kind),
                try await store.value(kind, version: version, of: user) != nil
            else { continue }
            count += 1
        }
        return count
    }

    /// Changes what the app has decided, and waits until the service goes by it.
    func decide(_ policies: Set<AppPolicy>) async throws {
        try await changeApp { $0.policies = policies }
        // The service remembers an app for two seconds.
        try await Task.sleep(for: .seconds(3))
    }
}
