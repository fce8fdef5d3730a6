import HumanConnectSandbox
import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@testable import LedgerAPI

/// Each page of the console × scope × app × own, foreign and unknown.
@Suite("pages of the console", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ConsolePageTests {
    /// A page, and who may see it.
    private struct Page {
        let path: String
        /// One of them is enough; any key where there are none.
        let scopes: [Scope]
        /// Whether the path names what belongs to one app.
        var isSomebodys = false
    }

    private static let pages = [
        Page(path: "/console", scopes: []),
        Page(path: "/console/users", scopes: [.usersRead]),
        Page(
            path: "/console/users/{subject}",
            scopes: [.usersRead, .eventsRead],
            isSomebodys: true
        ),
        Page(path: "/console/users/{subject}/proof", scopes: [.eventsRead], isSomebodys: true),
        Page(path: "/console/events/{log}/{position}", scopes: [.eventsRead], isSomebodys: true),
        Page(path: "/console/problems", scopes: [.usersRead]),
        Page(path: "/console/problems/{problem}", scopes: [.usersRead], isSomebodys: true),
        Page(path: "/console/log", scopes: [.eventsRead]),
        Page(path: "/console/tail", scopes: [.eventsRead]),
        Page(path: "/console/evidence", scopes: [.eventsRead]),
        Page(path: "/console/exports", scopes: [.export, .eventsRead]),
        Page(path: "/console/app", scopes: [.settingsRead]),
        Page(path: "/console/settings", scopes: [.settingsRead]),
    ]

    /// The forms, each with what it takes.
    private static let forms: [(path: String, fields: [(String, String)], scopes: [Scope])] = [
        (
            "/console/users/{subject}/reveal", [("kind", "access_token"), ("reason", "audit")],
            [.tokensReveal]
        ),
        ("/console/users/{subject}/launch", [], [.launch]),
        ("/console/problems/{problem}/mute", [], [.problemsMute]),
        ("/console/problems/{problem}/unmute", [], [.problemsMute]),
        ("/console/export", [("log", "facts"), ("format", "ndjson")], [.export]),
        ("/console/find", [("q", "{user}")], []),
    ]

    /// What is shown or asked for of one user.
    private struct Names {
        let user: String
        let subject: String
        let position: String
        let problem: String

        func filled(_ text: String) -> String {
            text.replacing("{subject}", with: subject).replacing("{log}", with: "facts")
                .replacing("{position}", with: position).replacing("{user}", with: user)
                .replacing("{problem}", with: problem)
        }
    }

    private func names(_ user: String, _ service: TestService) async throws -> Names {
        try await service.connect(user)
        let shown = try await service.get(service.user(user))
        let events = try await service.events(user)
        guard case .number(let position)? = events.first?["position"] else {
            throw CancellationError()
        }
        return Names(
            user: user,
            subject: try #require(shown["subject"]),
            position: position,
            problem: try await service.problem(of: user)
        )
    }

    @Test("there is no page or form that this test does not know")
    func completeness() async throws {
        try await TestService.run { service in
            let known = Set(
                Self.pages.map { "GET " + $0.path } + Self.forms.map { "POST " + $0.path } + [
                    "POST /console/sign-in", "POST /console/sign-out", "GET /console/**",
                    "GET /launch/{launch_token}", "POST /launch/{launch_token}",
                ]
            )
            let routes = service.api.consoleRoutes.map { "\($0.method) \($0.path)" }
                .filter { !$0.contains("/assets/") }
            #expect(Set(routes) == known)
            #expect(service.api.routes.allSatisfy { !$0.path.hasPrefix("/console") })
        }
    }

    @Test("each page is for whoever has one of its scopes, and knows nobody of another app")
    func matrix() async throws {
        try await TestService.run(treeAccess: .key) { service in
            let own = try await names("own user", service)
            let none = Names(
                user: "nobody",
                subject: service.store.clock.identifier().description,
                position: "99999",
                problem: "needs_reconnect.\(service.store.clock.identifier())"
            )
            for scope in Scope.allCases {
                let visitor = try await TestVisitor(service, key: try await service.key(scope))
                let foreign = try await TestVisitor(
                    service,
                    key: try await service.key(of: service.foreignApp, scope)
                )
                for page in Self.pages {
                    let cell = "\(page.path), \(scope.rawValue)"
                    let isAllowed = page.scopes.isEmpty || page.scopes.contains(scope)
                    let end = page.path.hasSuffix("/tail") ? "?follow=false" : ""
                    let seen = try await visitor.get(own.filled(page.path) + end)
                    #expect(seen.status == (isAllowed ? 200 : 403), "\(cell): \(seen.status)")
                    let unknown = try await visitor.get(none.filled(page.path) + end)
                    let other = try await foreign.get(own.filled(page.path) + end)
                    guard page.isSomebodys, isAllowed else {
                        #expect(other.status == seen.status, "\(cell), foreign")
                        continue
                    }
                    #expect(unknown.status == 404 && other.status == 404, "\(cell)")
                    let foreignUnknown = try await foreign.get(none.filled(page.path) + end)
                    #expect(
                        foreignUnknown.lasting == other.lasting,
                        "\(cell): a foreign one looks like none"
                    )
                }
            }
        }
    }

    @Test("each form is for whoever has its scope, and touches nobody of another app")
    func forms() async throws {
        try await TestService.run { service in
            let own = try await names("own user", service)
            for scope in Scope.allCases {
                let visitor = try await TestVisitor(service, key: try await service.key(scope))
                let foreign = try await TestVisitor(
                    service,
                    key: try await service.key(of: service.foreignApp, scope)
                )
                for form in Self.forms {
                    let cell = "\(form.path), \(scope.rawValue)"
                    let fields = form.fields.map { ($0.0, own.filled($0.1)) }
                    let isAllowed = form.scopes.isEmpty || form.scopes.contains(scope)
                    let answer = try await visitor.post(own.filled(form.path), fields)
                    let other = try await foreign.post(own.filled(form.path), fields)
                    #expect((answer.status == 403) == !isAllowed, "\(cell): \(answer.status)")
                    #expect(!other.text.contains(own.subject) || other.status == 404, "\(cell)")
                    if form.path.hasSuffix("reveal") || form.path.hasSuffix("launch"), isAllowed {
                        #expect(answer.status == 200 && other.status == 404, "\(cell)")
                    }
                    if form.path.contains("/problems/"), isAllowed {
                        #expect(answer.status == 303 && other.status == 404, "\(cell)")
                    }
                    if form.path.hasSuffix("find") {
                        #expect(answer.status == (scope == .usersRead ? 303 : 404), "\(cell)")
                        #expect(other.status == 404, "\(cell)")
                    }
                }
                let stranger = TestVisitor.stranger(service)
                let refused = try await stranger.post("/console/find", [("q", "x")], token: "x")
                #expect(refused.status == 401)
            }
        }
    }

    @Test(
        "a page shows what its key may see: ids to those who may read users, events to the others"
    )
    func parts() async throws {
        try await TestService.run { service in
            let own = try await names("own user", service)
            let path = "/console/users/\(own.subject)"
            let users = try await TestVisitor(service, key: try await service.key(.usersRead))
            let page = try await users.get(path).text
            #expect(page.contains("own user") && !page.contains("What was held when"))
            let events = try await TestVisitor(service, key: try await service.key(.eventsRead))
            let story = try await events.get(path).text
            #expect(!story.contains("own user") && story.contains("What was held when"))
            #expect(!story.contains("Reveal a token"))
            let navigation = try await events.get("/console").text
            #expect(navigation.contains("/console/log") && !navigation.contains("/console/users\""))
            #expect(!navigation.contains("/console/settings"))
        }
    }

    @Test("no value is on any page, whatever was done before, but where it is revealed")
    func markers() async throws {
        try await TestService.run { service in
            let hostile = "\"\u{301}><script>alert('x')</script>"
            let own = try await names(hostile, service)
            try await service.connect(hostile, "watch")
            let tokens = try await service.tokens(hostile)
            let values = ["human_id", "access_token", "public_token"].compactMap { tokens[$0] }
            try #require(values.count == 3)
            let secrets =
                values + [
                    service.key, TestSandbox.ownApp.clientSecret.exposed,
                    TestSandbox.ownApp.appKey.exposed,
                ]
            let visitor = try await TestVisitor(service, key: service.key)
            for token in values { _ = try await visitor.find(token) }
            var pages = Self.pages.map { own.filled($0.path) }.filter { !$0.hasSuffix("/tail") }
            pages += ["/console/log?log=access", "/console/tail?follow=false"]
            let events = try await service.eventCount()
            for position in 0..<events {
                pages += [
                    "/console/events/facts/\(position)", "/console/events/access/\(position)",
                ]
            }
            for page in pages + ["/console/users/\(own.subject)?view=raw"] {
                let answer = try await visitor.get(page)
                #expect(!secrets.contains { answer.text.contains($0) }, "\(page)")
                #expect(
                    !answer.text.contains("<script>") && !answer.text.contains(hostile),
                    "\(page)"
                )
            }
            let list = try await visitor.get("/console/users").text
            #expect(list.contains("&quot;\u{301}&gt;&lt;script&gt;"))
            #expect(!service.logs.lines.contains { line in secrets.contains { line.contains($0) } })
        }
    }

    @Test(
        "whoever looks at a user is on record before the page leaves; who asks for the head alone is not"
    )
    func views() async throws {
        try await TestService.run { service in
            let own = try await names("own user", service)
            let visitor = try await TestVisitor(service, key: service.key)
            let path = "/console/users/\(own.subject)"
            _ = try await visitor.get(path, method: .HEAD)
            #expect(try await service.records(log: .access).isEmpty)
            let page = try await visitor.get(path)
            #expect(page.status == 200)
            let record = try #require(try await service.records(log: .access).last)
            #expect(record.event == .userViewed && record.subject?.description == own.subject)
            #expect(record.actor == "key:\(try #require(APIKey(service.key)?.id))")
            #expect(record.requestID == page.headers["x-request-id"])
            #expect(try await visitor.get(path).text.contains("page was opened in the console"))
            // What cannot be recorded is not shown.
            try await service.damage(
                "drop function ledger.append_single_events cascade; drop function ledger.append_events cascade"
            )
            let refused = try await visitor.get(path)
            #expect(refused.status >= 500 && !refused.text.contains("What was held when"))
        }
    }

    @Test("a token is shown with a reason on record, and not at all where reasons are not kept")
    func reveals() async throws {
        try await TestService.run { service in
            let own = try await names("own user", service)
            let tokens = try await service.tokens("own user")
            let visitor = try await TestVisitor(service, key: service.key)
            let path = "/console/users/\(own.subject)/reveal"
            for fields in [
                [("kind", "access_token")], [("kind", "x"), ("reason", "audit")],
                [("kind", "access_token"), ("reason", "because")],
            ] {
                #expect(try await visitor.post(path, fields).status == 400)
            }
            for kind in TokenKind.allCases {
                let value = try #require(tokens[kind.rawValue])
                let fields = [("kind", kind.rawValue), ("reason", "incident")]
                let page = try await visitor.post(path, fields)
                #expect(page.status == 200 && page.text.contains(value))
                #expect(page.headers["cache-control"] == "no-store")
                let record = try #require(try await service.records(log: .access).last)
                guard case .tokenRevealed(let reveal) = record.event else {
                    Issue.record("\(record.event)")
                    continue
                }
                #expect(reveal.kind == kind && reveal.version == 1 && reveal.reason == .incident)
                #expect(record.subject?.description == own.subject)
                #expect("key:\(reveal.key)" == record.actor)
            }
            try await service.changeApp { $0.accessRecording = .metadata }
            try await Task.sleep(for: .milliseconds(4_900))
            let fields = [("kind", "access_token"), ("reason", "audit")]
            let refused = try await visitor.post(path, fields)
            #expect(refused.status == 409 && refused.text.contains("access_not_recorded"))
            #expect(
                try await !visitor.get("/console/users/\(own.subject)").text.contains(
                    "Reveal a token"
                )
            )
            let noted = try #require(try await service.records(log: .access).last)
            #expect(noted.event == .accessNoted(.userViewed) && noted.subject == nil)
        }
    }
}
