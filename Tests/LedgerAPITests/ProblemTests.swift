import ConnectFlow
import HTTPTypes
import HumanConnect
import HumanConnectSandbox
import Hummingbird
import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@testable import LedgerAPI

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ProblemTests {
    private static let cold = StoreError.cold(
        ColdPlace(log: .access, before: 256, export: Identifier(value: 1))
    )

    @Test("the table from errors to answers is what callers are promised")
    func table() throws {
        let rows: [(LedgerError, Int, String, retries: Bool)] = [
            (.malformed("x"), 400, "malformed_request", false),
            (.invalidFinish("x"), 422, "invalid_finish", false),
            (.notIntegrated, 503, "not_integrated", true),
            (.tooManyExports, 429, "too_many_exports", true),
            (.tooManyFollows, 429, "too_many_follows", true),
            (.tooManyWebhooks, 409, "too_many_webhooks", false),
            (.tooManyWebhookAsks, 409, "too_many_webhooks", false),
            (.historyDiffers, 409, "history_differs", false),
            (.tooLarge, 413, "request_too_large", false),
            (.unsupportedMediaType, 415, "unsupported_media_type", false),
            (.unauthenticated, 401, "unauthenticated", false),
            (.networkRefused, 403, "network_refused", false),
            (.insufficientScope(.launch), 403, "insufficient_scope", false),
            (.rateLimited(.key), 429, "rate_limited", false),
            (.connect(.tooManyNewUsers), 429, "rate_limited", false),
            (.originRefused, 403, "origin_refused", false),
            (.notFound, 404, "not_found", false),
            (.methodNotAllowed(["GET"]), 405, "method_not_allowed", false),
            (.notConnected, 404, "not_connected", false),
            (.connect(.launchNotFound), 404, "launch_not_found", false),
            (.connect(.finish(.abandoned)), 422, "finalize_abandoned", false),
            (.connect(.personUnproven), 409, "person_unproven", false),
            (.connect(.personGone), 409, "person_gone", false),
            (.connect(.finish(.launchConsumed)), 422, "launch_consumed", false),
            (.connect(.finish(.sessionUsed)), 422, "session_used", false),
            (.connect(.finish(.clientIDMismatch)), 422, "client_id_mismatch", false),
            (.connect(.finish(.differentPerson)), 409, "different_person", false),
            (.connect(.finish(.inProgress)), 409, "finalize_in_progress", true),
            (.connect(.challengeRequired), 422, "challenge_required", false),
            (.connect(.finish(.userUnproven)), 409, "user_unproven", false),
            (.connect(.finish(.verifierRefused)), 403, "verifier_refused", false),
            (.connect(.finish(.launchNotBound)), 422, "launch_not_bound", false),
            (.connect(.finish(.codeUnknown)), 422, "finish_code_unknown", false),
            (.connect(.finish(.unconfirmed)), 422, "finish_unconfirmed", false),
            (.connect(.finish(.held)), 409, "finalize_in_progress", true),
            (.connect(.keyReused), 422, "key_reused", false),
            (.legalHold, 409, "legal_hold", false),
            (.connect(.finish(.rejected)), 422, "session_rejected", false),
            (.connect(.finish(.unresolved)), 202, "finalize_unresolved", false),
            (.connect(.recoveryRejected), 409, "recovery_rejected", false),
            (.connect(.providerUnavailable(retryAfter: nil)), 503, "provider_unavailable", true),
            (.connect(.userListTooLong), 503, "user_list_too_long", false),
            (.connect(.personUnclear), 409, "person_unclear", false),
            (.store(.unavailable), 503, "database_unavailable", true),
            (.store(.overloaded), 503, "overloaded", true),
            (.store(.outcomeUnknown), 503, "outcome_unknown", true),
            (.store(.conflict), 409, "conflict", true),
            (.store(.erased), 404, "not_connected", false),
            (.store(.dropped), 410, "token_dropped", false),
            (.store(Self.cold), 410, "history_cold", false),
            (.store(.damaged(.value)), 500, "internal", false),
            (.unexpected("x"), 500, "internal", false),
        ]
        for (error, status, code, retries) in rows {
            let problem = Problem(error)
            #expect(problem.status.code == status, "\(code)")
            #expect(problem.code == code)
            let response = problem.response(requestID: "id")
            #expect(response.headers[.contentType] == "application/problem+json")
            #expect((response.headers[.retryAfter] != nil) == retries, "\(code)")
        }
        let away = Problem(ConnectError.providerUnavailable(retryAfter: .milliseconds(6_001)))
        #expect(away.response(requestID: "id").headers[.retryAfter] == "7")
        #expect(Problem(HTTPError(.expectationFailed)).code == "refused")
        #expect(Problem(HTTPError(.notFound)).code == "not_found")
        #expect(Set(rows.map(\.2) + ["refused"]) == TestRoute.problemCodes)
    }

    /// A request that must be refused.
    private struct Bad {
        var method = HTTPRequest.Method.get
        let target: String
        var body = ""
        var headers: [(String, String)] = []
        var status = 400
        var code = "malformed_request"
    }

    private static func launch(
        _ body: String,
        status: Int = 400,
        code: String = "malformed_request",
        headers: [(String, String)] = [("Content-Type", "application/json")]
    ) -> Bad {
        Bad(
            method: .post,
            target: "/v1/launches",
            body: body,
            headers: headers,
            status: status,
            code: code
        )
    }

    private static let badLaunches: [Bad] = {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let long = String(repeating: "x", count: 513)
        let user = #"{"client_user_id":"u"}"#
        return [
            "", "{", "nonsense", "[]", "[{}]", "\"u\"", "1", "null", "{}", "{\"client_user_id\":}",
            #"{"client_user_id":"u",}"#, #"{"client_user_id":"u"} x"#,
            #"{"client_user_id":\#(deep)}"#, #"{"client_user_id":"u","colour":"red"}"#,
            #"{"client_user_id":"u","client_user_id":"u"}"#, #"{"client_user_id":7}"#,
            #"{"client_user_id":null}"#, #"{"client_user_id":["u"]}"#, #"{"client_user_id":{}}"#,
            #"{"client_user_id":true}"#, #"{"client_user_id":""}"#,
            #"{"client_user_id":"\#(long)"}"#, #"{"client_user_id":"a\u0000"}"#,
            #"{"client_user_id":"a\n"}"#, #"{"client_user_id":"."}"#, #"{"client_user_id":".."}"#,
            #"{"client_user_id":"../events"}"#, #"{"client_user_id":"a/../b"}"#,
            #"{"client_user_id":"a/."}"#, #"{"client_user_id":"..\\x"}"#,
            #"{"client_user_id":"\ud800"}"#,
            #"{"client_user_id":"u","finish":"later"}"#, #"{"client_user_id":"u","finish":1}"#,
            #"{"client_user_id":"u","finish":null}"#,
        ].map { launch($0) } + [
            launch(
                #"{"client_user_id":"\#(String(repeating: "x", count: 70_000))"}"#,
                status: 413,
                code: "request_too_large"
            ),
            launch(
                user,
                status: 415,
                code: "unsupported_media_type",
                headers: [("Content-Type", "text/plain")]
            ),
            launch(
                "client_user_id=u",
                status: 415,
                code: "unsupported_media_type",
                headers: [("Content-Type", "application/x-www-form-urlencoded")]
            ),
            launch(
                user,
                status: 415,
                code: "unsupported_media_type",
                headers: [("Content-Type", "application/jsonp")]
            ),
            launch(
                user,
                headers: [
                    ("Content-Type", "application/json"),
                    ("Idempotency-Key", String(repeating: "k", count: 256)),
                ]
            ),
        ]
    }()

    private static let badPaths: [Bad] = {
        var bad: [Bad] = []
        let long = String(repeating: "x", count: 513)
        for id in [
            "%zz", "%", "%4", "%ff", "%C3%28", "%ED%A0%80", "%00", "a%0Ab", "%+1", ".", "..", "%2e",
            ".%2E", "..%2Fevents", "a%2F..%2F..%2Fevents", "..%5Cevents", "a+b", "+", long,
        ] {
            for rest in ["", "/tokens", "/events"] {
                bad.append(Bad(target: "/v1/users/\(id)\(rest)"))
            }
            for rest in ["/public-token", "/broken"] {
                bad.append(Bad(method: .post, target: "/v1/users/\(id)\(rest)"))
            }
        }
        for token in ["%zz", "%ff"] {
            for rest in ["", "/closed", "/failed"] {
                bad.append(Bad(method: .post, target: "/v1/finish/\(token)\(rest)", body: "{}"))
                bad.append(Bad(method: .options, target: "/v1/finish/\(token)\(rest)"))
            }
            bad.append(Bad(method: .post, target: "/v1/launches/\(token)/finish", body: "{}"))
        }
        for id in ["x", "019ab8f2", "019ab8f2-6a31-7c55-9c0e-3d6a3f6a1d0g", "%20"] {
            bad.append(
                Bad(
                    method: .post,
                    target: "/v1/launches/\(id)/finish",
                    body: "{}",
                    status: 404,
                    code: "launch_not_found"
                )
            )
        }
        return bad
    }()

    private static let badQueries: [Bad] =
        [
            "/v1/users/known": ["as_of=2026-01-01T00:00:00Z", "colour=red", "as+of="],
            "/v1/users/known/tokens": [
                "as_of=yesterday", "as_of=", "as_of=2026-02-30T00:00:00Z", "as_of=2026-01-01",
                "as_of_position=-1", "as_of_position=x", "as_of_position=9223372036854775808",
                "as_of=2026-01-01T00:00:00Z&as_of_position=1", "colour=red", "%zz=1",
                "as_of=%ff", "as_of_position=1&as_of_position=1", "as_of=%00", "as_of_position=+1",
                "as_of_position=%2B1", "as_of_position=01", "as_of_position=-0", "as_of_position=",
                "as_of=2026-01-01T00:00:00+00:00", "as_of=2026-01-01T00:00:60Z", "as+of=1",
            ],
            "/v1/users": [
                "limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=1.5",
                "limit=99999999999999999999", "limit=%2B5", "limit=05", "limit=+5", "cursor=",
                "cursor=x", "cursor=u", "cursor=uzzzzz!",
                "cursor=e0", "cursor=u00", "cursor=u-1",
                "cursor=u" + String(repeating: "z", count: 40), "cursor=%00", "type=x",
            ],
            "/v1/users/known/events": [
                "limit=0", "cursor=e1", "cursor=h-1", "cursor=hzzzzzzzzzzzzzzzzzzzzzzzz",
            ],
            "/v1/events": [
                "cursor=h1", "cursor=ezzzzzzzzzzzzzzzzzzzzzzzz", "since=x", "until=x",
                "since=%00", "subject=x", "subject=", "log=other", "log=", "type=%00",
                "type=a%00b", "log=%00", "limit=501",
            ],
            "/v1/export": [
                "format=xml", "format=", "from_position=-1", "from_position=x", "log=other",
                "limit=1", "from_position=%2B0", "from_position=00", "until_position=01",
                "user=a+b", "user=known+", "user=.", "user=%2e%2e", "us+er=known",
            ],
            "/v1/consistency": [
                "from=%2B0", "from=00", "from=0&to=%2B1", "from=0&to=01", "from=-0", "from=",
            ],
        ].flatMap { path, queries in queries.map { Bad(target: "\(path)?\($0)") } }

    private static let badReports: [Bad] =
        [
            "{", "[]", #"{"reason":7}"#, #"{"reason":""}"#, #"{"reason":"Not A Word"}"#,
            #"{"why":"x"}"#, #"{"reason":"\#(String(repeating: "x", count: 65))"}"#,
            #"{"reason":"a","reason":"a"}"#,
        ].map { Bad(method: .post, target: "/v1/users/known/broken", body: $0) }

    @Test("bad input is a problem with a stable code, never a 500, and changes nothing")
    func badInput() async throws {
        try await TestService.run { service in
            try await service.connect("known")
            let count = try await service.eventCount()
            let key = HTTPField(name: .authorization, value: "Bearer " + service.key)
            for bad in Self.badLaunches + Self.badPaths + Self.badQueries + Self.badReports {
                var headers = HTTPFields([key])
                for (name, value) in bad.headers {
                    headers[try #require(HTTPField.Name(name))] = value
                }
                let note = "\(bad.method) \(bad.target.prefix(80)) \(bad.body.prefix(80))"
                let answer = try await service.raw(
                    bad.method,
                    bad.target,
                    headers: headers,
                    body: Array(bad.body.utf8)
                )
                #expect(answer.status == bad.status, "\(note): \(answer.text)")
                #expect(answer.code == bad.code, "\(note)")
            }
            let invalid = try await service.raw(
                .post,
                "/v1/launches",
                headers: [.authorization: key.value],
                body: Array(#"{"client_user_id":""#.utf8) + [0xFF] + Array("\"}".utf8)
            )
            #expect(invalid.status == 400)
            #expect(try await service.eventCount() == count)
        }
    }

    @Test("every answer, also an error, is hardened and not to be kept")
    func headers() async throws {
        try await TestService.run { service in
            try await service.connect("known")
            let unknown = ["/", "/v1", "/v1/nothing", "/v1/users/known/nothing", "/livez/x", "//"]
            var answers: [(String, TestAnswer)] = []
            for path in unknown {
                let answer = try await service.call(.GET, path, key: nil)
                #expect(answer.status == 404, "\(path)")
                #expect(answer.code == "not_found", "\(path)")
                answers.append((path, answer))
            }
            for method in [HTTPMethod.DELETE, .PUT, .PATCH] {
                let answer = try await service.call(method, "/v1/users/known", key: nil)
                #expect((400..<500).contains(answer.status), "\(method)")
                #expect(answer.code != nil, "\(method)")
                answers.append(("\(method)", answer))
            }
            for route in TestRoute.all {
                let path = route.target.split(separator: "{client_user_id}").joined(
                    separator: "known"
                )
                for key in [nil, service.key] {
                    let answer = try await service.call(route.method, path, key: key)
                    answers.append(("\(route)", answer))
                }
            }
            let large = try await service.post(
                "/v1/launches",
                String(repeating: " ", count: 70_000)
            )
            #expect(large.status == 413)
            answers.append(("too large", large))
            let promised = [
                "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
                "x-frame-options": "DENY", "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
            ]
            for (note, answer) in answers {
                for (name, value) in promised {
                    #expect(answer.headers[name] == value, "\(note) \(name)")
                }
                let cached =
                    switch note {
                    case "GET /openapi.yaml", "GET /llms.txt": "max-age=3600"
                    case _ where note.hasPrefix("GET /docs"): "max-age=3600"
                    case "GET /v1/connect-button.js", "GET /v1/connect-button.d.ts":
                        "public, max-age=3600"
                    default: "no-store"
                    }
                #expect(answer.headers["cache-control"] == cached, "\(note)")
                #expect(answer.headers["x-request-id"].flatMap { Identifier($0) } != nil)
                if answer.code != nil {
                    #expect(answer["request_id"] == answer.headers["x-request-id"])
                    #expect(answer["type"] == "urn:token-ledger:problem:\(answer.code ?? "")")
                    #expect(answer.json["status"] == .number("\(answer.status)"))
                    #expect(answer["title"]?.isEmpty == false)
                    #expect(answer["detail"]?.isEmpty == false)
                }
            }
        }
    }

    @Test("nothing that a caller writes of ids and traces gets into events")
    func callersHeaders() async throws {
        try await TestService.run { service in
            let id = "0af7651916cd43dd8448eb211c80319c"
            let good = "00-\(id)-b7ad6b7169203331-01"
            let traces = [
                good, good, "00-\(id)-b7ad6b7169203332-00", "marker-trace", good.uppercased(),
                "01" + good.dropFirst(2),
                "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01",
            ]
            var recorded: [String] = []
            for (number, trace) in traces.enumerated() {
                let user = "trace \(number)"
                let launch = try await service.launch(
                    user,
                    headers: ["traceparent": trace, "X-Request-Id": "marker-request"]
                )
                let event = try await service.events(user).first?["event"]
                #expect((event?["traceparent"] != nil) == (number < 3), "\(trace)")
                #expect(event?["requestid"]?.text == launch.answer.headers["x-request-id"])
                if let text = event?["traceparent"]?.text { recorded.append(text) }
            }
            // The same trace is found again, its spans are told apart, and nothing sent is left.
            try #require(recorded.count == 3)
            #expect(recorded[0] == recorded[1])
            #expect(recorded[0].prefix(35) == recorded[2].prefix(35))
            #expect(recorded[0] != recorded[2])
            #expect(recorded[0].hasSuffix("-01") && recorded[2].hasSuffix("-00"))
            #expect(recorded.allSatisfy { $0.utf8.count == good.utf8.count })
            #expect(recorded.allSatisfy { !$0.contains(id) && !$0.contains("b7ad6b716920333") })
            let lines = service.logs.lines
            #expect(!lines.contains { $0.contains(id) || $0.contains("marker-") })
        }
    }

    @Test("a value in the vault that does not open is an internal error, told under its id")
    func damagedValue() async throws {
        try await TestService.run { service in
            try await service.connect("damaged")
            try await service.damage(
                """
                update vault.user_state
                set access_token = set_byte(access_token, 20, get_byte(access_token, 20) # 1)
                where access_token is not null
                """
            )
            let answer = try await service.tokens("damaged")
            #expect(answer.status == 500)
            #expect(answer.code == "internal")
            let id = try #require(answer["request_id"])
            #expect(
                service.logs.lines.contains { $0.contains("request failed") && $0.contains(id) }
            )
            #expect(try await service.records(log: .access).isEmpty)
        }
    }
}
