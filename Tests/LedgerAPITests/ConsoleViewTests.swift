import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@testable import LedgerAPI

/// What pages of the console say.
@Suite("views of the console", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ConsoleViewTests {
    private func subject(_ user: String, _ service: TestService) async throws -> String {
        try #require(try await service.get(service.user(user))["subject"])
    }

    private func positions(_ user: String, _ service: TestService) async throws -> [Int] {
        try await service.events(user).compactMap { event in
            guard case .number(let position)? = event["position"] else { return nil }
            return Int(position)
        }
    }

    @Test("the page of a moment shows the state of that moment, and each form leads to a moment")
    func timeTravel() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            try await service.connect("alice", "watch")
            let positions = try await positions("alice", service)
            let path = "/console/users/\(try await subject("alice", service))"
            let visitor = try await TestVisitor(service, key: service.key)
            let now = try await visitor.get(path).text
            #expect(now.contains("State now") && now.contains("data-field=\"access\">version 2<"))
            let first = try await visitor.get("\(path)?at=\(positions[0])").text
            #expect(first.contains("State after event 1"))
            #expect(first.contains("data-field=\"access\">none<"))
            #expect(first.contains("data-field=\"status\">launched<"))
            #expect(first.contains("href=\"\(path)?at=\(positions[1])\" rel=\"next\""))
            let slid = try await visitor.get("\(path)?event=3")
            #expect(slid.headers["location"] == "\(path)?at=\(positions[2])")
            let dated = try await visitor.get("\(path)?time=2020-01-01T00%3A00")
            #expect(dated.headers["location"] == "\(path)?at=0")
            let late = try await visitor.get("\(path)?time=2999-01-01T00%3A00%3A30&view=raw")
            #expect(late.headers["location"] == "\(path)?at=\(positions.last ?? 0)&view=raw")
            let dawn = try await visitor.get("\(path)?event=0")
            #expect(dawn.headers["location"] == "\(path)?at=0")
            let before = try await visitor.get("\(path)?at=0").text
            #expect(before.contains("State before event 1") && before.contains("data-cursor=\"0\""))
            // The links to the other view stay at the moment, and the view stays on the way on.
            #expect(before.contains("href=\"\(path)?view=raw&amp;at=0\""))
            let raw = try await visitor.get("\(path)?at=\(positions[0])&view=raw").text
            #expect(raw.contains("?at=\(positions[1])&amp;view=raw\" rel=\"next\""))
            // Pages show whole seconds, and who types one back means all of it.
            let seen = try #require(first.firstMatch(of: /datetime="([^"]{19})[^"]*"/)).1
            let typed = try await visitor.get(
                "\(path)?time=" + seen.replacing(":", with: "%3A")
            )
            #expect(typed.headers["location"] != "\(path)?at=0")
            for bad in ["?event=-1", "?event=999", "?time=yesterday", "?at=-1", "?x=1"] {
                #expect(try await visitor.get(path + bad).status == 400, "\(bad)")
            }
        }
    }

    @Test("the box leads from anything to its page")
    func finds() async throws {
        try await TestService.run { service in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            let launch = try await service.launch(
                "alice",
                headers: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"]
            )
            let request = try #require(launch.answer.headers["x-request-id"])
            let session = try await service.session(launch)
            _ = try await service.finish(launch.finishPath, session)
            let subject = try await subject("alice", service)
            let positions = try await positions("alice", service)
            let tokens = try await service.tokens("alice")
            let records = try await service.records(log: .facts)
            let received = try #require(records.first { "\($0.event.type)" == "finish.received" })
            let visitor = try await TestVisitor(service, key: service.key)
            let keyID = try #require(APIKey(service.key)?.id)
            let event = "/console/events/facts/\(positions[0])"
            let expected: [(String, String)] = [
                ("alice", "/console/users/\(subject)"),
                ("  alice ", "/console/users/\(subject)"),
                (subject, "/console/users/\(subject)"),
                (launch.id, event),
                (received.id.description, "/console/events/facts/\(positions[1])"),
                (request, event),
                (trace, event),
                ("00-\(trace)-00f067aa0ba902b7-01", event),
                (keyID, "/console/app#key-\(keyID)"),
            ]
            for (text, path) in expected {
                let answer = try await visitor.find(text)
                #expect(answer.headers["location"] == path, "\(text): \(answer.status)")
            }
            #expect(
                try await service.records(log: .access).allSatisfy {
                    $0.event == .tokenRead(kind: .accessToken, version: 1, key: keyID)
                        || $0.event == .tokenRead(kind: .publicToken, version: 1, key: keyID)
                }
            )
            for name in ["access_token", "public_token"] {
                let answer = try await visitor.find(try #require(tokens[name]))
                let location = try #require(answer.headers["location"])
                #expect(location.hasPrefix("/console/users/\(subject)?at="))
                let last = try #require(try await service.records(log: .access).last)
                #expect("\(last.event.type)" == "token.searched")
            }
            let both = try await visitor.find("\(positions[0])")
            #expect(both.status == 303 || both.text.contains("Position \(positions[0]) of facts"))
            #expect(try await visitor.find("nobody at all").status == 404)
        }
    }

    @Test("what was found by an index ends the search: no log is looked through for it")
    func findsOnce() async throws {
        try await TestService.run { service in
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            _ = try await service.launch(
                trace,
                headers: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"]
            )
            let subject = try await subject(trace, service)
            let visitor = try await TestVisitor(service, key: service.key)
            let found = try await visitor.find(trace)
            #expect(found.headers["location"] == "/console/users/\(subject)")
        }
    }

    @Test("a request is looked for about when its id says that it came, and nowhere else")
    func requestsByTime() async throws {
        try await TestService.run { service in
            _ = try await service.launch("alice")
            let user = try #require(
                try await service.store.user(Secret("alice"), of: service.app)
            )
            let now = service.store.clock.identifier()
            // Two days before and after, in the milliseconds that an id begins with.
            let distance = UInt128(2 * 86_400_000) << 80
            let early = Identifier(value: now.value - distance)
            let late = Identifier(value: now.value + distance)
            for id in [now, early, late] {
                let context = RecordContext(actor: "service", requestID: "\(id)")
                try await service.store.recordView(of: user, service.app, context: context)
            }
            let visitor = try await TestVisitor(service, key: service.key)
            let found = try await visitor.find("\(now)")
            #expect(found.headers["location"]?.hasPrefix("/console/events/access/") == true)
            for id in [early, late] {
                let answer = try await visitor.find("\(id)")
                #expect(answer.status == 404, "\(id)")
            }
        }
    }

    @Test("the overview counts what happened, and its numbers lead to their lists")
    func overview() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            try await service.connect("bob")
            _ = try await service.launch("carol")
            _ = try await service.post(service.user("bob", "/broken"))
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console").text
            for (label, count) in [
                ("connected", 1), ("broken", 1), ("launched", 1), ("Launches", 3), ("Finishes", 2),
                ("With tokens", 2),
            ] {
                #expect(page.contains("<strong>\(count)</strong><span>\(label)</span>"), "\(label)")
            }
            for match in page.matches(of: /href="(\/console[^"]*)"/) {
                let path = String(match.1).replacing("&amp;", with: "&")
                #expect(try await visitor.get(path).status == 200, "\(path)")
            }
            let list = try await visitor.get("/console/users?status=broken").text
            #expect(list.contains("bob") && !list.contains("alice"))
            #expect(try await visitor.get("/console/users?status=erased").status == 400)
        }
    }

    @Test("lists go back from the newest, page by page, without losing or repeating anybody")
    func pages() async throws {
        try await TestService.run { service in
            let count = 120
            for number in 0..<count { _ = try await service.launch("user \(number).") }
            let visitor = try await TestVisitor(service, key: service.key)
            var path: String? = "/console/users"
            var seen: [Int] = []
            while let next = path {
                let text = try await visitor.get(next).text
                seen += text.matches(of: /user ([0-9]+)\.<\/a>/).compactMap { Int($0.1) }
                path = text.firstMatch(of: /href="([^"]+)" rel="next"/)
                    .map { String($0.1).replacing("&amp;", with: "&") }
            }
            #expect(seen == (0..<count).reversed())
            path = "/console/log?type=connect.launched"
            var positions: [Int] = []
            while let next = path {
                let text = try await visitor.get(next).text
                positions += text.matches(of: /<tr data-position="([0-9]+)"/).compactMap {
                    Int($0.1)
                }
                path = text.firstMatch(of: /href="([^"]+)" rel="next"/)
                    .map { String($0.1).replacing("&amp;", with: "&") }
            }
            #expect(positions.count == count && positions == positions.sorted(by: >))
        }
    }

    @Test("the log's page and its tail have each event once, whatever comes between them")
    func tail() async throws {
        try await TestService.run { service in
            _ = try await service.launch("before")
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console/log").text
            let shown = page.matches(of: /<tr data-position="([0-9]+)"/).compactMap { Int($0.1) }
            let tail = try #require(page.firstMatch(of: /data-path="([^"]+)"/))
            _ = try await service.launch("between")
            let path = String(tail.1).replacing("&amp;", with: "&") + "&follow=false"
            let told = try await visitor.get(path).text
            let positions = told.matches(of: /"position":([0-9]+)/).compactMap { Int($0.1) }
            let own = try await service.get("/v1/events?limit=500").text
            let all = own.matches(of: /"position":([0-9]+)/).compactMap { Int($0.1) }
            #expect(shown.reversed() + positions == all && positions.count == 1)
            let followed = try #require(try await service.records(log: .access).last)
            #expect("\(followed.event.type)" == "log.followed")
            // A page of the past follows nothing.
            #expect(try await !visitor.get("/console/log?before=1").text.contains("id=\"tail\""))
        }
    }

    @Test("exports are downloaded as the API gives them, are on record, and are listed")
    func exports() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let visitor = try await TestVisitor(service, key: service.key)
            let before = try await visitor.get("/console/exports").text
            #expect(before.contains("Nothing was exported."))
            let fields = [
                ("log", "facts"), ("format", "ndjson"), ("type", "connect.launched"),
                ("subject", ""),
                ("since", ""), ("until", ""),
            ]
            let answer = try await visitor.post("/console/export", fields)
            #expect(answer.headers["content-type"] == "application/x-ndjson")
            #expect(answer.headers["content-disposition"]?.contains("attachment") == true)
            let expected = try await service.get("/v1/export?type=connect.launched")
            #expect(answer.bytes == expected.bytes && !answer.bytes.isEmpty)
            let list = try await visitor.get("/console/exports").text
            #expect(list.matches(of: /<td>ndjson<\/td>/).count == 2)
            #expect(list.contains("connect.launched"))
        }
    }

    @Test("the evidence page proves growth between two checkpoints, and says why where it cannot")
    func evidence() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            var sizes: [Int] = []
            while sizes.count < 2 {
                _ = try await service.launch("user \(sizes.count)")
                try await Task.sleep(for: .milliseconds(1_200))
                let page = try await visitor.get("/console/evidence").text
                sizes = page.matches(of: /<th scope="row" class="number">([0-9]+)</).compactMap {
                    Int($0.1)
                }
            }
            let (to, from) = (sizes[0], sizes[1])
            let proved = try await visitor.get("/console/evidence?log=facts&from=\(from)&to=\(to)")
                .text
            #expect(proved.contains("is the beginning of the log of \(to)"))
            // What the service says is no proof: it says so, until the browser has looked.
            #expect(proved.contains("The service says: ") && !proved.contains("verdict good"))
            for name in ["data-old", "data-new", "data-key", "data-log"] {
                #expect(proved.contains("\(name)=\""), "\(name)")
            }
            for query in ["from=\(to)&to=\(from)", "from=0&to=\(to)", "from=\(from)&to=\(to + 1)"] {
                let page = try await visitor.get("/console/evidence?\(query)").text
                #expect(page.contains("class=\"note\""), "\(query)")
                // What was typed stands there still.
                for pair in query.split(separator: "&").map({ $0.split(separator: "=") }) {
                    #expect(
                        page.contains(
                            "name=\"\(pair[0])\" inputmode=\"numeric\" value=\"\(pair[1])\""
                        ),
                        "\(query)"
                    )
                }
            }
            #expect(try await visitor.get("/console/evidence?log=access").status == 200)
        }
    }

    @Test("the app's page has its keys and no other's, and the settings' page what was given to it")
    func app() async throws {
        try await TestService.run { service in
            let visitor = try await TestVisitor(service, key: service.key)
            let page = try await visitor.get("/console/app").text
            #expect(page.contains(try #require(APIKey(service.key)?.id)))
            #expect(!page.contains(try #require(APIKey(service.foreignKey)?.id)))
            #expect(page.contains(service.app.clientID))
            let settings = try await visitor.get("/console/settings").text
            #expect(settings.contains("TOKEN_LEDGER_PORT") && settings.contains("<td>flag</td>"))
        }
    }
}
