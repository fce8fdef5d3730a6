import Foundation
import HumanConnect
import Ledger
import LedgerStore
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct TokenSearchTests {
    private func search(
        _ service: TestService,
        _ token: String,
        key: String? = nil
    ) async throws -> TestAnswer {
        let body: JSONValue = ["token": .string(token)]
        return try await service.call(
            .POST,
            "/v1/tokens/search",
            key: key ?? service.key,
            headers: ["Content-Type": "application/json"],
            body: body.encoded
        )
    }

    private func matches(_ answer: TestAnswer) throws -> [JSONValue] {
        try #require(answer.status == 200, "\(answer.text)")
        guard case .array(let matches)? = answer.json["matches"] else {
            Issue.record("\(answer.text)")
            return []
        }
        return matches
    }

    @Test("whose a token was, as what, and from when until when")
    func found() async throws {
        try await TestService.run { service in
            try await service.connect("searched")
            try await service.connect("other")
            let first = try await service.tokens("searched")
            try await service.connect("searched", "lab")
            let second = try await service.tokens("searched")
            let old = try #require(first["public_token"])
            let new = try #require(second["public_token"])
            try #require(old != new)
            let past = try #require(try matches(await search(service, old)).first)
            let current = try #require(try matches(await search(service, new)).first)
            let issues = try await service.events("searched")
                .filter { $0["event"]?["type"]?.text == "public_token.rotated" }
            try #require(issues.count == 2)
            for (match, version) in [(past, 1), (current, 2)] {
                #expect(match["kind"]?.text == "public_token")
                #expect(match["version"] == .number("\(version)"))
                #expect(match["client_user_id"]?.text == "searched")
                #expect(match["subject"]?.text == issues[0]["event"]?["subject"]?.text)
                let issue = issues[version - 1]
                #expect(match["from"]?["position"] == issue["position"])
                #expect(match["from"]?["time"]?.text == issue["event"]?["time"]?.text)
            }
            #expect(past["is_current"] == false)
            #expect(past["until"] == current["from"])
            #expect(current["is_current"] == true)
            #expect(current["until"] == .null)
            let access = try #require(second["access_token"])
            let kinds = try matches(await search(service, access)).map { $0["kind"]?.text }
            #expect(kinds == ["access_token"])
            for unknown in ["nothing", String(new.dropLast()), new + "x", new.uppercased() + "é"] {
                let answer = try await search(service, unknown)
                #expect(answer.status == 200)
                #expect(answer.text == #"{"matches":[]}"#)
            }
        }
    }

    @Test("another app's token is not found; who may not read users learns a pseudonym only")
    func limits() async throws {
        try await TestService.run { service in
            try await service.connect("secretive")
            let token = try #require(try await service.tokens("secretive")["access_token"])
            let foreign = try await search(service, token, key: service.foreignKey)
            #expect(foreign.text == #"{"matches":[]}"#)
            let plain = try await search(service, token, key: service.key(.tokensSearch))
            #expect(try matches(plain).count == 1)
            #expect(!plain.text.contains("client_user_id"))
            #expect(!plain.text.contains("secretive"))
            let both = try await search(
                service,
                token,
                key: service.key(.tokensSearch, .usersRead)
            )
            #expect(try matches(both).first?["client_user_id"]?.text == "secretive")
        }
    }

    @Test("the question is on record before the answer, without the value")
    func recorded() async throws {
        try await TestService.run { service in
            try await service.connect("asked")
            let token = try #require(try await service.tokens("asked")["access_token"])
            for (token, count) in [(token, Int64(1)), ("canary-\(UUID())", 0)] {
                let answer = try await search(service, token)
                let record = try #require(
                    try await service.records(log: .access).last
                )
                guard case .tokenSearched(let access, _, let matches) = record.event else {
                    Issue.record("\(record)")
                    return
                }
                #expect(matches == count)
                #expect(
                    access
                        == service.store.vault.fingerprint(
                            .accessToken,
                            of: Secret(token),
                            app: service.app.id
                        )
                )
                #expect(record.requestID == answer.headers["x-request-id"])
                #expect(!answer.text.contains(token))
                let dump = try await PostgresTools.data(service.owner.url)
                let digits = Hexadecimal.encode(token.utf8)
                #expect(!dump.contains(token) && !dump.contains(digits))
                let logged = service.logs.lines.joined(separator: "\n")
                #expect(logged.contains("/v1/tokens/search"))
                #expect(!logged.contains(token))
            }
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin if new.type = 'token.searched' then raise exception 'no'; end if; return new; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            let refused = try await search(service, token)
            #expect(refused.status == 500)
            #expect(!refused.text.contains("matches"))
        }
    }

    @Test("what is no token is refused, and no value ever stands in a URL")
    func refused() async throws {
        try await TestService.run { service in
            for body in [
                "", "{}", "[]", "x", #"{"token":1}"#, #"{"token":""}"#, #"{"token":null}"#,
                #"{"token":"a\nb"}"#, #"{"token":"a\u0000"}"#, #"{"token":"a","token":"a"}"#,
                #"{"token":"a","more":1}"#,
                #"{"token":"\#(String(repeating: "t", count: 16_385))"}"#,
            ] {
                let answer = try await service.post("/v1/tokens/search", body)
                #expect(answer.status == 400, "\(body.prefix(40))")
            }
            let longest = String(repeating: "t", count: 16_384)
            #expect(try await search(service, longest).status == 200)
            let large = String(repeating: "t", count: 70_000)
            #expect(try await search(service, large).status == 413)
            let query = try await service.post("/v1/tokens/search?token=x", #"{"token":"x"}"#)
            #expect(query.status == 400)
            #expect(try await service.get("/v1/tokens/search?token=x").status == 405)
            let form = try await service.post(
                "/v1/tokens/search",
                "token=x",
                headers: ["Content-Type": "application/x-www-form-urlencoded"]
            )
            #expect(form.status == 415)
        }
    }
}
