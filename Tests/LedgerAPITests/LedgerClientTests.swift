import Foundation
import Ledger
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import TokenLedgerClient
import Vault
import Wire

@Suite("the client for backends", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct LedgerClientTests {
    private func run(
        pairs: Int = 1,
        _ body: (TestService, LedgerClient) async throws -> Void
    ) async throws {
        try await TestService.run(pairs: pairs) { service in
            let client = try LedgerClient(url: service.url, key: service.key)
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(service, client))
            } catch {
                result = .failure(error)
            }
            await client.shutdown()
            try result.get()
        }
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch LedgerClientError.problem(let problem) {
            #expect(problem.requestID != nil)
            return problem.code.rawValue
        } catch {
            return "\(error)"
        }
    }

    /// What the popup hands to the page of a launch.
    private func played(_ launch: PopupLaunch, _ service: TestService) async throws -> [UInt8] {
        let options = try JSONParser.parse(launch.body, depthMax: 8)["options"]
        let user = try #require(options?["clientUserId"]?.text)
        let answer = try await service.sandbox.play(
            PercentCoding.decode(user.utf8) ?? "",
            publicToken: try #require(options?["publicToken"]?.text),
            TestSandbox.Popup(connect: ["band"], disconnect: [], done: true)
        )
        return answer.bytes
    }

    @Test("launch, relayed finish and tokens; a broken connection is told and repaired")
    func story() async throws {
        try await run { service, client in
            let session = TestSession()
            let launch = try await client.launch("alice", sessionChallenge: session.challenge)
            #expect(launch.mode == .create)
            let body = try await played(launch, service)
            let refused = await code {
                _ = try await client.relayFinish(of: launch.id, body: body, contentType: nil)
            }
            #expect(refused == "verifier_refused")
            let finish = try await client.relayFinish(
                of: launch.id,
                body: body,
                contentType: "application/json",
                clientUserID: "alice",
                sessionVerifier: SecretValue(session.verifier)
            )
            let tokens = try await client.tokens(of: "alice")
            let held = try #require(try await service.sandbox.user("alice"))
            #expect(tokens.status == .connected)
            #expect(tokens.accessToken.value.exposed == held["access_token"]?.text)
            #expect(tokens.publicToken.value == finish.publicToken)
            #expect(tokens.accessToken.version == 1)
            try await client.reportBroken("alice", reason: .invalidToken)
            let broken = try await client.tokens(of: "alice")
            #expect(broken.status == .broken(reason: "invalid_token"))
            let again = try await client.launch("alice")
            #expect(again.mode == .edit)
            try await client.relayFailed(of: again.id, code: "user_already_exists")
            try await client.relayClosed(of: again.id)
        }
    }

    @Test("a held finish is confirmed; the same key is the same launch")
    func confirm() async throws {
        try await run { service, client in
            let session = TestSession()
            let launch = try await client.launch(
                "bob",
                finish: .direct,
                sessionChallenge: session.challenge,
                idempotencyKey: "k"
            )
            let same = try await client.launch(
                "bob",
                finish: .direct,
                sessionChallenge: session.challenge,
                idempotencyKey: "k"
            )
            #expect(same.id == launch.id)
            let url = try JSONParser.parse(launch.body, depthMax: 8)["finish_url"]?.text ?? ""
            let held = try await service.finish(
                String(url.dropFirst(service.url.count)),
                String(decoding: try await played(launch, service), as: UTF8.self)
            )
            let answer = try await client.confirm(
                launchID: launch.id,
                finishCode: try #require(held["finish_code"]),
                sessionVerifier: SecretValue(session.verifier)
            )
            let tokens = try await client.tokens(of: "bob")
            #expect(tokens.publicToken.value == answer.publicToken)
        }
    }

    @Test(
        "unchanged tokens are not sent again, changed ones are, and of an erased user nothing is left"
    )
    func cache() async throws {
        try await run { service, client in
            // Equal for Swift, and two users.
            let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
            try await service.connect(composed)
            let first = try await client.tokens(of: composed)
            let reads = try await service.records(log: .access).count
            for _ in 0..<5 {
                let again = try await client.tokens(of: composed)
                #expect(again == first)
            }
            #expect(try await service.records(log: .access).count == reads, "304 each time")
            #expect(await code { _ = try await client.tokens(of: decomposed) } == "not_connected")
            try await service.connect(composed, "lab")
            let next = try await client.tokens(of: composed)
            let held = try await service.sandbox.user(composed)
            #expect(next.accessToken.value.exposed == held?["access_token"]?.text)
            #expect(next != first)
            let erased = try await service.call(.DELETE, service.user(composed), key: service.key)
            #expect([200, 202].contains(erased.status))
            #expect(await code { _ = try await client.tokens(of: composed) } == "not_connected")
        }
    }

    @Test("nothing comes from memory when the key is revoked or the service has gone")
    func gone() async throws {
        try await TestService.run { service in
            let key = try await service.key(.tokensRead)
            let client = try LedgerClient(url: service.url, key: key)
            try await service.connect("carol")
            _ = try await client.tokens(of: "carol")
            let missing = await code { _ = try await client.launch("carol") }
            #expect(missing == "insufficient_scope")
            await service.beginShutdown()
            _ = await service.server.result
            let told = await code { _ = try await client.tokens(of: "carol") }
            #expect(told == "the service cannot be reached")
            await client.shutdown()
        }
    }

    @Test("no description of anything shows a secret")
    func secrets() async throws {
        try await run { service, client in
            try await service.connect("dora")
            let launch = try await client.launch("dora", finish: .direct)
            let tokens = try await client.tokens(of: "dora")
            var shown = "\(launch) \(tokens) \(client)"
            dump(launch, to: &shown)
            dump(tokens, to: &shown)
            dump(client, to: &shown)
            for secret in [
                tokens.accessToken.value.exposed, tokens.publicToken.value.exposed, service.key,
                try #require(tokens.humanID).exposed,
            ] { #expect(!shown.contains(secret)) }
            #expect(!shown.contains("/v1/finish/"))
        }
    }

    @Test("events come as they are listed, behind the one that was read, until the key is revoked")
    func events() async throws {
        try await run { service, client in
            try await service.connect("erin")
            var told: [TailedEvent] = []
            let all = TailSelection(clientUserID: "erin", endsWithLog: true)
            for try await event in client.events(all) { told.append(event) }
            let listed = try await service.types("erin")
            #expect(told.map(\.type) == listed)
            #expect(told.count > 3)
            var rest: [TailedEvent] = []
            for try await event in client.events(all, after: told[1].resumeID) {
                rest.append(event)
            }
            #expect(rest == Array(told.dropFirst(2)))

            let key = try await service.key(.eventsRead)
            let id = try #require(APIKey(key)).id
            let follower = try LedgerClient(url: service.url, key: key)
            let code = await code {
                for try await event in follower.events() where event == told.last {
                    try await service.damage(
                        "update ledger.api_key set revoked_at = now() where key_id = '\(id)'"
                    )
                }
            }
            #expect(code == "unauthenticated")
            await follower.shutdown()
        }
    }

    @Test("events of several logs say which; one log is followed from a position")
    func severalLogs() async throws {
        try await run(pairs: 3) { service, client in
            let logs = service.store.logs.list(.facts)
            for log in logs { try await service.connect(try service.name(in: log)) }
            var told: [String: [Int64]] = [:]
            for try await event in client.events(TailSelection(endsWithLog: true)) {
                told[event.log, default: []].append(event.position)
            }
            #expect(told == (try await service.stored(.facts)))
            for log in logs {
                let one = TailSelection(start: .position(2), log: log.ownName, endsWithLog: true)
                var rest: [Int64] = []
                for try await event in client.events(one) {
                    #expect(event.log == log.name)
                    rest.append(event.position)
                }
                #expect(rest == told[log.name]?.filter { $0 >= 2 })
            }
            let refused = await code {
                let all = TailSelection(start: .position(2), endsWithLog: true)
                for try await _ in client.events(all) {}
            }
            #expect(refused == "malformed_request")
        }
    }

    @Test("the client has a name for every code of a problem")
    func codes() throws {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = top.appending(path: "Sources/TokenLedgerClient/ProblemCode.swift")
        let text = try String(contentsOf: path, encoding: .utf8)
        let named = text.matches(of: /ProblemCode\(rawValue: "([a-z_]+)"\)/).map { String($0.1) }
        #expect(named.sorted() == TestRoute.problemCodes.sorted())
    }
}
