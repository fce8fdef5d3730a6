import Ledger
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct WebhookRouteTests {
    private static let path = "/v1/webhook-endpoints"

    private func call(
        _ service: TestService,
        _ method: HTTPMethod,
        _ path: String,
        _ body: String? = nil,
        key: String? = nil,
        idempotencyKey: String? = nil
    ) async throws -> TestAnswer {
        var headers = body == nil ? [:] : ["Content-Type": "application/json"]
        headers["Idempotency-Key"] = idempotencyKey
        return try await service.call(
            method,
            Self.path + path,
            key: key ?? service.key,
            headers: headers,
            body: body.map { Array($0.utf8) }
        )
    }

    @Test("an endpoint's secret is shown when it is made, and never again")
    func secret() async throws {
        try await TestService.run { service in
            let made = try await call(
                service,
                .POST,
                "",
                #"{"url":"https://hooks.example.com/x","types":["connection.broken"],"label":"billing"}"#
            )
            #expect(made.status == 201)
            let (id, secret) = (try #require(made["endpoint"]), try #require(made["secret"]))
            #expect(WebhookSecret(secret) != nil)
            let shown = try await call(service, .GET, "/" + id)
            let listed = try await call(service, .GET, "")
            let changed = try await call(
                service,
                .PATCH,
                "/" + id,
                #"{"types":[],"client_user_id":true,"paused":true}"#
            )
            for answer in [shown, listed, changed] {
                #expect(answer.status == 200 && !answer.text.contains("whsec_"))
            }
            #expect(changed.json["types"] == .array([]) && changed["state"] == "paused")
            #expect(changed["label"] == "billing" && changed["pause_reason"] == "requested")
            let rotated = try await call(
                service,
                .POST,
                "/\(id)/secret",
                "{\"overlap_seconds\":60}"
            )
            let new = try #require(rotated["secret"])
            #expect(new != secret && rotated["old_secret_until"] != nil)
            let removed = try await call(service, .DELETE, "/" + id)
            #expect(removed.status == 204)
            let gone = try await call(service, .GET, "/" + id)
            #expect(gone.status == 404 && gone.code == "not_found")
            let log = try await service.get("/v1/events?type=webhook.added,webhook.removed")
            #expect(log.text.contains(id) && !log.text.contains("example.com"))
        }
    }

    @Test("who lost the answer to a new endpoint gets it again with its key, the secret too")
    func repeated() async throws {
        try await TestService.run { service in
            let body = #"{"url":"https://hooks.example.com/x","types":["connection.broken"]}"#
            func create(_ body: String, _ idempotencyKey: String) async throws -> TestAnswer {
                try await call(service, .POST, "", body, idempotencyKey: idempotencyKey)
            }
            // Two at once, then one more.
            async let left = create(body, "one")
            async let right = create(body, "one")
            let answers = [try await left, try await right, try await create(body, "one")]
            #expect(answers.allSatisfy { $0.status == 201 && $0.text == answers[0].text })
            #expect(answers[0].text.contains("whsec_"))
            let id = try #require(answers[0]["endpoint"])
            for other in [
                #"{"url":"https://hooks.example.com/y","types":["connection.broken"]}"#,
                #"{"url":"https://hooks.example.com/x"}"#,
                #"{"url":"https://hooks.example.com/x","types":["connection.broken"],"label":"a"}"#,
            ] {
                let reused = try await create(other, "one")
                #expect(reused.status == 422 && reused.code == "key_reused")
            }
            let second = try await create(body, "two")
            #expect(second.status == 201 && second["endpoint"] != id)
            let foreign = try await call(
                service,
                .POST,
                "",
                body,
                key: service.foreignKey,
                idempotencyKey: "one"
            )
            #expect(foreign.status == 201 && foreign["endpoint"] != id)
            // A secret that was given to somebody since is not shown to who only has the key.
            let rotated = try await call(service, .POST, "/\(id)/secret")
            #expect(rotated.status == 200)
            #expect(try await create(body, "one").code == "key_reused")
            let removed = try await call(service, .DELETE, "/" + (try #require(second["endpoint"])))
            #expect(removed.status == 204)
            #expect(try await create(body, "two").code == "key_reused")
            let log = try await service.get("/v1/events?type=webhook.added")
            #expect(log.text.matches(of: /webhook\.added/).count == 2)
        }
    }

    @Test("another app's endpoint is none")
    func foreign() async throws {
        try await TestService.run { service in
            let made = try await call(service, .POST, "", #"{"url":"https://hooks.example.com/x"}"#)
            let id = try #require(made["endpoint"])
            let foreign = service.foreignKey
            for (method, rest, body) in [
                (HTTPMethod.GET, "", nil), (.PATCH, "", #"{"paused":true}"#), (.DELETE, "", nil),
                (.POST, "/secret", nil), (.POST, "/test", nil), (.GET, "/deliveries", nil),
                (.POST, "/replay", #"{"from_position":0,"until_position":1}"#),
            ] as [(HTTPMethod, String, String?)] {
                let answer = try await call(service, method, "/\(id)\(rest)", body, key: foreign)
                #expect(answer.status == 404 && answer.code == "not_found", "\(method) \(rest)")
            }
            let still = try await call(service, .GET, "/" + id)
            #expect(still["state"] == "active")
            let listed = try await call(service, .GET, "", key: foreign)
            #expect(!listed.text.contains(id))
        }
    }

    @Test(
        "what cannot be sent to, or is no type, is refused",
        arguments: [
            #"{}"#, #"{"url":"http://example.com/"}"#, #"{"url":"https://127.0.0.1/"}"#,
            #"{"url":"https://2130706433/"}"#, #"{"url":"https://[::ffff:10.0.0.1]/"}"#,
            #"{"url":"https://a:b@example.com/"}"#, #"{"url":"https://localhost/"}"#,
            #"{"url":"https://example.com/","types":["token.read"]}"#,
            #"{"url":"https://example.com/","types":"all"}"#,
            #"{"url":"https://example.com/","client_user_id":"yes"}"#,
            #"{"url":"https://example.com/","label":""}"#,
            // One character as people see it, and as long as whoever wrote it likes.
            #"{"url":"https://example.com/","label":"e"# + String(repeating: "\u{301}", count: 100)
                + #""}"#,
            #"{"url":"https://example.com/","secret":"x"}"#,
        ]
    )
    func refused(body: String) async throws {
        try await TestService.run { service in
            let answer = try await call(service, .POST, "", body)
            #expect(answer.status == 400 && answer.code == "malformed_request", "\(answer.text)")
        }
    }

    @Test("twins of a wish for the last endpoint that there may be get the same one")
    func lastTwins() async throws {
        try await TestService.run { service in
            for number in 1..<WebhookLimits.endpointsMax {
                let made = try await call(
                    service,
                    .POST,
                    "",
                    #"{"url":"https://hooks.example.com/\#(number)"}"#
                )
                #expect(made.status == 201)
            }
            let answers = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await call(
                            service,
                            .POST,
                            "",
                            #"{"url":"https://hooks.example.com/last"}"#,
                            idempotencyKey: "last"
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(Set(answers.compactMap { $0["endpoint"] }).count == 1)
            #expect(Set(answers.compactMap { $0["secret"] }).count == 1)
        }
    }

    @Test("who may not ask whose the pseudonyms are has no messages name users")
    func identities() async throws {
        try await TestService.run { service in
            let key = try await service.key(.webhooksManage)
            let plain = #"{"url":"https://hooks.example.com/x"}"#
            let naming = #"{"url":"https://hooks.example.com/x","client_user_id":true}"#
            let refused = try await call(service, .POST, "", naming, key: key)
            #expect(refused.status == 403 && refused.code == "insufficient_scope")
            let made = try await call(service, .POST, "", plain, key: key)
            let id = try #require(made["endpoint"])
            let changed = try await call(
                service,
                .PATCH,
                "/" + id,
                #"{"client_user_id":true}"#,
                key: key
            )
            #expect(made.status == 201 && changed.status == 403)
            let other = try #require(try await call(service, .POST, "", naming)["endpoint"])
            // One that names users is not moved to where only this key's holder reads it.
            let moved = try await call(service, .PATCH, "/" + other, plain, key: key)
            let paused = try await call(service, .PATCH, "/" + other, #"{"paused":true}"#, key: key)
            #expect(moved.status == 403 && paused.status == 200)
        }
    }

    @Test("so many tests and replays of an endpoint wait at most")
    func asks() async throws {
        try await TestService.run { service in
            let made = try await call(service, .POST, "", #"{"url":"https://hooks.example.com/x"}"#)
            let id = try #require(made["endpoint"])
            for _ in 0..<16 {
                let test = try await call(service, .POST, "/\(id)/test")
                #expect(test.status == 202)
            }
            let further = try await call(service, .POST, "/\(id)/test")
            #expect(further.status == 409 && further.code == "too_many_webhooks")
            let replay = try await call(
                service,
                .POST,
                "/\(id)/replay",
                #"{"from_position":0,"until_position":1}"#
            )
            #expect(replay.status == 409)
        }
    }

    @Test("a test and a replay are asked for, and deliveries are listed page by page")
    func deliveries() async throws {
        try await TestService.run { service in
            let made = try await call(service, .POST, "", #"{"url":"https://hooks.example.com/x"}"#)
            let id = try #require(made["endpoint"])
            var asked: [String] = []
            for _ in 0..<3 {
                let test = try await call(service, .POST, "/\(id)/test")
                #expect(test.status == 202 && test["state"] == "pending")
                asked.append(try #require(test["delivery"]))
            }
            var found: [String] = []
            var cursor = ""
            repeat {
                let page = try await call(service, .GET, "/\(id)/deliveries?limit=2" + cursor)
                guard case .array(let list)? = page.json["deliveries"] else { break }
                found += list.compactMap { $0["delivery"]?.text }
                cursor = page["next_cursor"].map { "&cursor=" + $0 } ?? ""
            } while !cursor.isEmpty
            #expect(found == asked.reversed())
            let none = try await call(service, .GET, "/\(id)/deliveries?state=failed")
            #expect(none.json["deliveries"] == .array([]))
            let replay = try await call(
                service,
                .POST,
                "/\(id)/replay",
                #"{"from_position":0,"until_position":2}"#
            )
            #expect(replay.status == 202)
            for body in [
                #"{"delivery":"\#(asked[0])"}"#, #"{"from_position":2,"until_position":2}"#,
                #"{"from_position":0,"until_position":99999}"#, #"{}"#,
                #"{"delivery":"\#(asked[0])","from_position":0,"until_position":1}"#,
            ] {
                let answer = try await call(service, .POST, "/\(id)/replay", body)
                #expect(answer.status == 400, "\(body)")
            }
        }
    }
}
