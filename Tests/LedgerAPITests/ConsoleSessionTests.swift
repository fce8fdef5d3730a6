import Ledger
@testable import LedgerAPI
@testable import LedgerStore
import NIOHTTP1
import Testing
import Vault

@Suite("sessions of the console", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ConsoleSessionTests {
    @Test(
        "who shows a key gets a cookie that scripts and other sites do not, and goes where he wanted"
    )
    func signsIn() async throws {
        try await TestService.run { service in
            let stranger = TestVisitor.stranger(service)
            let asked = try await stranger.get("/console/log?type=launch.closed&log=facts")
            #expect(asked.status == 401)
            #expect(asked.text.contains("value=\"/console/log?type=launch.closed&amp;log=facts\""))
            let answer = try await TestVisitor.signIn(
                service,
                service.key,
                to: "/console/log?type=launch.closed&log=facts"
            )
            #expect(answer.status == 303)
            #expect(answer.headers["location"] == "/console/log?type=launch.closed&log=facts")
            let cookie = try #require(answer.headers["set-cookie"])
            #expect(
                cookie.contains(
                    /^token-ledger-console=[A-Za-z0-9_-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=28800$/
                )
            )
            #expect(!cookie.contains(service.key) && !answer.text.contains(service.key))
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console")
            #expect(page.status == 200 && page.text.contains("Overview"))
            #expect(!service.logs.lines.contains { $0.contains(service.key) })
            #expect(!service.logs.lines.contains { $0.contains(visitor.cookie) })
        }
    }

    @Test("over TLS the cookie leaves over TLS alone, and no other host can put one in its place")
    func secureCookie() {
        let kept = ConsoleCookie(isSecure: true).kept(Secret("value"), seconds: 5)
        #expect(
            kept
                == "__Host-token-ledger-console=value; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=5"
        )
        #expect(!ConsoleCookie(isSecure: false).kept(Secret("v"), seconds: 5).contains("Secure"))
    }

    @Test(
        "a page tells the browser to run nothing within it, to frame it nowhere and to keep it not"
    )
    func headers() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            for path in ["/console", "/console/users", "/console/nothing", "/console/users/none"] {
                for one in [visitor, .stranger(service)] {
                    let page = try await one.get(path)
                    let policy = try #require(page.headers["content-security-policy"])
                    #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
                    #expect(policy.contains("script-src 'self'; style-src 'self'"))
                    #expect(policy.contains("frame-ancestors 'none'"))
                    #expect(policy.contains("form-action 'self'; base-uri 'none'"))
                    #expect(page.headers["x-frame-options"] == "DENY")
                    #expect(page.headers["cache-control"] == "no-store")
                    #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                    #expect(page.headers["x-content-type-options"] == "nosniff")
                    #expect(page.headers["access-control-allow-origin"] == nil)
                }
            }
            let file = try #require(
                try await visitor.get("/console").text.firstMatch(of: /src="([^"]+\.js)"/)
            )
            let script = try await TestVisitor.stranger(service).get(String(file.1))
            #expect(script.status == 200)
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(script.headers["cache-control"]?.contains("immutable") == true)
        }
    }

    @Test("what is no valid key signs nobody in, and where to go on is a page of the console")
    func refusesKeys() async throws {
        try await TestService.run { service in
            let other = String(service.key.dropLast()) + (service.key.hasSuffix("0") ? "1" : "0")
            for key in ["", "x", other, "tl_live_" + service.key.dropFirst(8)] {
                let answer = try await TestVisitor.signIn(service, key)
                #expect(answer.status == 401 && answer.headers["set-cookie"] == nil)
                #expect(key.count < 2 || !answer.text.contains(key))
            }
            for target in [
                "https://elsewhere.test/", "//elsewhere.test/console", "/v1/users", "/consolex",
                "/console/\\elsewhere", "/console\r\nX: y", "javascript:alert(1)",
            ] {
                let answer = try await TestVisitor.signIn(service, service.key, to: target)
                #expect(answer.status == 303 && answer.headers["location"] == "/console")
            }
        }
    }

    @Test("a form that no page of ours sent does nothing, whatever else is right")
    func foreignForms() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            let token = try await visitor.formToken()
            for site in ["cross-site", "same-site", "none", nil] {
                var headers: [String: String] = ["Origin": service.url]
                headers["Sec-Fetch-Site"] = site
                let found = try await visitor.post(
                    "/console/find",
                    [("q", "x")],
                    token: token,
                    headers: headers
                )
                #expect(found.status == 403 && found.text.contains("origin_refused"))
                #expect(found.text.contains("over https or at localhost") == (site == nil))
                let signed = try await TestVisitor.signIn(service, service.key, headers: headers)
                #expect(signed.status == 403 && signed.headers["set-cookie"] == nil)
            }
            let other = try await TestVisitor(service, key: service.key)
            for foreign in ["", "x", try await other.formToken()] {
                let found = try await visitor.post("/console/find", [("q", "x")], token: foreign)
                #expect(found.status == 403 && found.text.contains("form_refused"))
            }
            let right = try await visitor.post("/console/find", [("q", "x")], token: token)
            #expect(right.status == 404 && right.text.contains("Nothing found"))
        }
    }

    @Test("who follows a link from another site is led through a page of ours")
    func hops() async throws {
        try await TestService.run { service in
            let stranger = TestVisitor.stranger(service)
            let page = try await stranger.get(
                "/console/users?status=broken",
                headers: ["Sec-Fetch-Site": "cross-site"]
            )
            #expect(page.status == 200)
            #expect(page.text.contains("content=\"0;url=/console/users?status=broken\""))
            // What stands in the log of accesses is a step of the person's own.
            let subject = "00000000-0000-0000-0000-000000000000"
            for path in [
                "/console/users/\(subject)", "/console/problems/needs_reconnect.\(subject)",
                "/console/log",
            ] {
                let step = try await stranger.get(path, headers: ["Sec-Fetch-Site": "same-site"])
                #expect(step.text.contains("href=\"\(path)\""))
                #expect(!step.text.contains("http-equiv=\"refresh\""))
            }
            let visitor = try await TestVisitor(service, key: service.key)
            let tail = try await visitor.get(
                "/console/tail?follow=false",
                headers: ["Sec-Fetch-Site": "same-site"]
            )
            #expect(tail.status == 403)
        }
    }

    @Test(
        "a key that is revoked or has expired ends its sessions, and what they follow, within 5 s"
    )
    func keyEnds() async throws {
        try await TestService.run { service in
            let key = try await service.key(.usersRead, .eventsRead)
            let visitor = try await TestVisitor(service, key: key)
            #expect(try await visitor.get("/console/users").status == 200)
            let id = try #require(APIKey(key)?.id)
            let stored = try #require(try await service.store.apiKey(id))
            let ended = ContinuousClock.now
            _ = try await service.store.revoke(
                stored,
                of: service.app,
                context: RecordContext(actor: "operator"),
                owner: service.owner
            )
            while try await visitor.get("/console/users").status == 200 {
                try #require(ContinuousClock.now - ended < .seconds(30))
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await visitor.get("/console/users").status == 401)
            let tail = try await visitor.get("/console/tail?follow=false")
            #expect(tail.status == 401)
            let again = try await TestVisitor.signIn(service, key)
            #expect(again.status == 401)
        }
    }

    @Test("a session ends after its hours, and another one cannot be made up")
    func sessionEnds() async throws {
        try await TestService.run { service in
            let id = try #require(APIKey(service.key)?.id)
            let vault = service.served.vault
            let now = service.store.clock.now()
            var visitor = TestVisitor.stranger(service)
            for (seconds, status) in [(Int64(60), 200), (0, 401), (-1, 401)] {
                let session = ConsoleSession(keyID: id, end: now.adding(seconds: seconds))
                let value = try #require(vault.cookie(of: session)).exposed
                visitor.cookie = "token-ledger-console=\(value)"
                #expect(try await visitor.get("/console").status == status)
                visitor.cookie = "token-ledger-console=\(value.dropLast(2))AA"
                #expect(try await visitor.get("/console").status == 401)
            }
            visitor.cookie = "token-ledger-console=\(service.key)"
            #expect(try await visitor.get("/console").status == 401)
        }
    }

    @Test("a cookie opens no call of the API, and a key no page")
    func keptApart() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            #expect(try await visitor.get("/v1/users").status == 401)
            let page = try await service.get("/console/users")
            #expect(page.status == 401)
        }
    }

    @Test("who cannot sign in from there is told before trying, and only then")
    func unsaidOrigin() async throws {
        try await TestService.run { service in
            let stranger = TestVisitor.stranger(service)
            let told = try await stranger.get("/console", headers: [:]).text
            #expect(told.contains("over https or at localhost"))
            let usual = try await stranger.get("/console", headers: ["Sec-Fetch-Site": "none"]).text
            #expect(!usual.contains("over https or at localhost"))
        }
    }

    @Test("what is not found leaves the navigation and the box to whoever has signed in")
    func notFound() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            for path in ["/console/nothing", "/console/events/facts/99999"] {
                let page = try await visitor.get(path)
                #expect(page.status == 404 && page.text.contains("role=\"search\""))
                let open = try await TestVisitor.stranger(service).get(path)
                #expect(open.status == 401 && !open.text.contains("role=\"search\""))
            }
            let slash = try await visitor.get("/console/")
            #expect(slash.status == 303 && slash.headers["location"] == "/console")
        }
    }

    @Test("signing out makes the browser forget")
    func signsOut() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            let answer = try await visitor.post("/console/sign-out", [])
            #expect(answer.status == 303 && answer.headers["location"] == "/console")
            #expect(
                answer.headers["set-cookie"]
                    == "token-ledger-console=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
            )
        }
    }

    @Test("attempts to sign in, and pages of a key, count against the limits of the API")
    func limits() async throws {
        var rates = CallRates.usual
        rates.address = CallRate(perSecond: 0.01, burst: 5)
        rates.key = CallRate(perSecond: 0.01, burst: 8)
        try await TestService.run(rates: rates) { service in
            let key = try await service.key(.usersRead)
            let visitor = try await TestVisitor(service, key: key)
            for _ in 0..<7 { #expect(try await visitor.get("/console/users").status == 200) }
            let over = try await visitor.get("/console/users")
            #expect(over.status == 429 && over.headers["retry-after"] != nil)
            #expect(over.text.contains("rate_limited"))
            #expect(try await service.call(.GET, "/v1/users", key: key).status == 429)
            var statuses: [Int] = []
            for _ in 0..<8 {
                let answer = try await TestVisitor.signIn(service, "tl_test_x")
                statuses.append(answer.status)
            }
            #expect(statuses.prefix(5).allSatisfy { $0 == 401 } && statuses.last == 429)
        }
    }
}
