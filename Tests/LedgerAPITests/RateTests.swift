import Foundation
import Ledger
import LedgerAPI
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import Vault

@Suite("Who calls too often", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct RateTests {
    private static func rates(_ set: (inout CallRates) -> Void) -> CallRates {
        var rates = CallRates.unlimited
        set(&rates)
        return rates
    }

    @Test("a key that calls too often is told when to come again, and other keys are not")
    func key() async throws {
        let rates = Self.rates { $0.key = CallRate(perSecond: 0.01, burst: 3) }
        try await TestService.run(rates: rates) { service in
            let other = try await service.key(.usersRead)
            for left in [2, 1, 0] {
                let answer = try await service.get("/v1/users/nobody")
                #expect(answer.status == 404)
                #expect(answer.headers["ratelimit-policy"] == "\"key\";q=3;w=300")
                let standing = try #require(answer.headers["ratelimit"])
                #expect(standing.hasPrefix("\"key\";r=\(left);t="))
                #expect(answer.headers["retry-after"] == nil)
            }
            let refused = try await service.get("/v1/users/nobody")
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            let wait = try #require(Int(refused.headers["retry-after"] ?? ""))
            #expect((50...100).contains(wait))
            #expect(refused.headers["ratelimit"]?.hasPrefix("\"key\";r=0;t=") == true)
            // A call that the key's scope refuses is a call.
            #expect(try await service.post("/v1/launches", "{}").status == 429)
            #expect(try await service.call(.GET, "/v1/users/nobody", key: other).status == 404)
            #expect(try await service.call(.GET, "/livez", key: nil).status == 200)
        }
    }

    @Test("who shows nothing valid too often waits, and is not looked up; valid keys are served")
    func address() async throws {
        let rates = Self.rates { $0.address = CallRate(perSecond: 0.01, burst: 3) }
        try await TestService.run(rates: rates) { service in
            #expect(try await service.get("/v1/users/nobody").status == 404)
            #expect(try await service.call(.GET, "/v1/users", key: nil).status == 401)
            let unknown = APIKey(isTest: true).secret.exposed
            #expect(try await service.call(.GET, "/v1/users", key: unknown).status == 401)
            #expect(try await service.call(.POST, "/v1/finish/none", key: nil).status == 404)
            let begin = ContinuousClock.now
            for (method, path) in [
                (HTTPMethod.GET, "/v1/users"), (.GET, "/checkpoint"), (.GET, "/tile/0/000"),
                (.POST, "/v1/finish/none"), (.GET, "/logs/1/checkpoint"),
            ] {
                let refused = try await service.call(method, path, key: nil)
                #expect(refused.status == 429, "\(path)")
                #expect(refused.headers["retry-after"] != nil, "\(path)")
            }
            // Each of them had to wait.
            #expect(ContinuousClock.now - begin > .seconds(4))
            let fresh = APIKey(isTest: true).secret.exposed
            #expect(try await service.call(.GET, "/v1/users", key: fresh).status == 429)
            // A key that is known is not asked where it comes from.
            #expect(try await service.get("/v1/users/nobody").status == 404)
        }
    }

    @Test("a launch that gets too many posts is refused, and other launches are not")
    func launch() async throws {
        let rates = Self.rates { $0.launch = CallRate(perSecond: 0.1, burst: 2) }
        try await TestService.run(rates: rates) { service in
            let busy = try await service.launch("busy", finish: "direct")
            let other = try await service.launch("other", finish: "direct")
            let session = try await service.session(other)
            for _ in 0..<2 {
                let closed = try await service.call(.POST, busy.finishPath + "/closed", key: nil)
                #expect(closed.status == 200)
            }
            let refused = try await service.call(
                .POST,
                busy.finishPath + "/closed",
                key: nil,
                headers: ["Origin": TestService.origin]
            )
            #expect(refused.status == 429)
            #expect(refused.headers["ratelimit-policy"] == "\"launch\";q=2;w=20")
            // The page may read why, and its browser lets it come that far.
            #expect(refused.headers["access-control-allow-origin"] == TestService.origin)
            let preflight = try await service.call(
                .OPTIONS,
                busy.finishPath,
                key: nil,
                headers: ["Origin": TestService.origin]
            )
            #expect(preflight.status == 204)
            #expect(preflight.headers["access-control-allow-origin"] == TestService.origin)
            let foreign = try await service.call(
                .POST,
                busy.finishPath,
                key: nil,
                headers: ["Origin": "https://elsewhere.example"]
            )
            #expect(foreign.status == 403)
            #expect(foreign.headers["access-control-allow-origin"] == nil)
            #expect(try await service.finish(other.finishPath, session).status == 201)
        }
    }

    @Test("a key that makes too many users makes no more, and launches those that there are")
    func newUsers() async throws {
        let rates = Self.rates { $0.newUsers = CallRate(perSecond: 0.01, burst: 2) }
        try await TestService.run(rates: rates) { service in
            for name in ["a", "b", "a"] {
                #expect(try await service.post("/v1/launches", Self.body(name)).status == 201)
            }
            let refused = try await service.post("/v1/launches", Self.body("c"))
            #expect(refused.status == 429)
            #expect(refused.code == "rate_limited")
            #expect(refused.headers["ratelimit-policy"] == "\"new-users\";q=2;w=200")
            #expect(try await service.get("/v1/users/c").status == 404)
            #expect(try await service.post("/v1/launches", Self.body("b")).status == 201)
        }
    }

    private static func body(_ name: String) -> String { "{\"client_user_id\":\"\(name)\"}" }

    @Test("a flood of refusals is no flood of lines, and is told by its number")
    func lines() async throws {
        let rates = Self.rates { $0.key = CallRate(perSecond: 0.01, burst: 1) }
        try await TestService.run(rates: rates) { service in
            _ = try await service.get("/v1/users/nobody")
            for _ in 0..<200 { _ = try await service.get("/v1/users/nobody") }
            try await Task.sleep(for: .seconds(1.1))
            _ = try await service.get("/v1/users/nobody")
            let lines = service.logs.lines
            #expect(lines.filter { $0.contains("\"status\": 429") }.count < 150)
            #expect(lines.contains { $0.contains("lines of refusals left out") })
        }
    }
}
