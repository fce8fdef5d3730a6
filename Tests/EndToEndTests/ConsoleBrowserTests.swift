import TestSupport
import Testing

/// Serialized: the tests share one program, and a browser each is all that two cores carry.
@Suite("the console in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct ConsoleBrowserTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    private func subject(_ user: String) async throws -> String {
        let path = "/v1/users/\(TestProgram.encoded(user))"
        return try await program.ledger(path, scope: "users:read")["subject"]?.string ?? ""
    }

    private func positions(_ user: String) async throws -> [Int] {
        let path = "/v1/users/\(TestProgram.encoded(user))/events?limit=500"
        return try await program.ledger(path, scope: "events:read")["events"]?.array
            .compactMap { $0["position"]?.number.map { Int($0) } } ?? []
    }

    @Test("every place of the navigation is a page, also on a phone, and what is signed out is")
    func walks() async throws {
        try await program.connect("walker@example.com", source: "band")
        try await ConsoleVisitor.visit(program) { visitor in
            #expect(try await visitor.browser.find(".banner").text().contains("Sandbox"))
            let places = try await visitor.browser.execute(
                "return [...document.querySelectorAll('.places a')].map((a) => a.getAttribute('href'))"
            ).array.compactMap(\.string)
            #expect(places.count == 8)
            let subject = try await subject("walker@example.com")
            let pages = places + ["/console/users/\(subject)", "/console/events/facts/0"]
            for width in [1_280, 390] {
                try await visitor.browser.resize(width: width, height: 844)
                for path in pages {
                    try await visitor.open(path)
                    _ = try await visitor.heading()
                    let overflow = try await visitor.browser.execute(
                        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    #expect(overflow == .number(0), "\(path) at \(width)")
                }
            }
            try await visitor.open("/console/users")
            try await visitor.browser.find("#users tbody a").click()
            try await visitor.waitFor(heading: "walker@example.com")
            try await visitor.browser.find(".who button").click()
            try await visitor.waitFor(heading: "Sign in")
        }
    }

    @Test("a link from another site leads to the page, although the cookie does not come along")
    func followsLink() async throws {
        try await program.connect("linked@example.com", source: "band")
        let target = program.ready.ledgerURL + "/console/users?status=connected"
        try await ConsoleVisitor.visit(program) { visitor in
            // To a browser, localhost is another site than 127.0.0.1.
            let elsewhere = program.ready.demoURL.replacing("127.0.0.1", with: "localhost")
            try await visitor.browser.navigate(to: elsewhere + "/livez")
            _ = try await visitor.browser.execute("location.href = arguments[0]", .string(target))
            try await visitor.waitFor(heading: "Users")
            #expect(try await visitor.address() == "/console/users?status=connected")
        }
    }

    @Test("h and l travel in time, and the panel shows what the server shows at that address")
    func travels() async throws {
        let user = "traveller@example.com"
        try await program.connect(user, source: "band")
        try await program.connect(user, source: "watch")
        let positions = try await positions(user)
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.find(user)
            try await visitor.waitFor(heading: user)
            let now = try await visitor.state()
            #expect(now["access"] == "version 2" && now["status"] == "connected")
            for position in positions.dropLast().reversed() {
                try await visitor.press("h")
                #expect(try await visitor.address().hasSuffix("?at=\(position)"))
                let shown = try await visitor.state()
                try await visitor.browser.reload()
                #expect(try await visitor.state() == shown, "at \(position)")
            }
            #expect(try await visitor.state()["access"] == "none")
            // Before the first event there was nothing, and nothing is older.
            for _ in 0..<2 {
                try await visitor.press("h")
                #expect(try await visitor.address().hasSuffix("?at=0"))
                let shown = try await visitor.state()
                #expect(shown["status"] == "none")
                try await visitor.browser.reload()
                #expect(try await visitor.state() == shown)
            }
            // From the page of that moment the next event is the first one.
            try await visitor.press("l")
            #expect(try await visitor.address().hasSuffix("?at=\(positions[0])"))
            for _ in positions.dropFirst() { try await visitor.press("l") }
            #expect(try await visitor.state() == now)
            let bytes = try await visitor.browser.find(".entry .bytes")
            #expect(try await !bytes.isDisplayed())
            try await visitor.press("r")
            #expect(try await bytes.isDisplayed())
            #expect(try await visitor.address().contains("view=raw"))
            try await visitor.press("h")
            try await visitor.browser.find("#as-diff").click()
            #expect(try await !bytes.isDisplayed())
            // Still at the moment that was gone to, not at that of the link.
            #expect(try await visitor.address().hasSuffix("?at=\(positions[positions.count - 2])"))
            #expect(try await visitor.browser.find("#newer").attribute("href") != nil)
            try await visitor.browser.find("#newer").click()
            #expect(try await visitor.state() == now)
            #expect(try await visitor.browser.find("#newer").attribute("href") == nil)
            // Single keys can be switched off.
            try await visitor.browser.find("#keys").click()
            let address = try await visitor.address()
            try await visitor.press("h")
            #expect(try await visitor.address() == address)
            try await visitor.browser.reload()
            try await visitor.press("h")
            #expect(try await visitor.state() == now)
        }
    }

    @Test("the browser verifies that the log grew, by both notes, and refuses what is forged")
    func verifiesGrowth() async throws {
        try await ConsoleVisitor.visit(program) { visitor in
            var sizes: [Int] = []
            try await visitor.browser.wait(for: "two checkpoints") {
                try await program.connect("grown\(sizes.count)@example.com", source: "band")
                try await visitor.open("/console/evidence")
                sizes = try await visitor.browser.execute(
                    "return [...document.querySelectorAll('#checkpoints th[scope=row]')].map((cell) => Number(cell.textContent))"
                ).array.compactMap { $0.number.map { Int($0) } }.filter { $0 > 0 }
                return sizes.count > 1
            }
            let path = "/console/evidence?log=facts&from=\(sizes[1])&to=\(sizes[0])"
            try await visitor.open(path)
            let open = try await visitor.verdict("#grown")
            #expect(open.kind == "verdict unsure" && open.text.contains("pin the key to be sure"))
            try await visitor.browser.find("#pinned button").click()
            try await visitor.browser.wait(for: "a verdict by the pinned key") {
                try await visitor.verdict("#grown").kind == "verdict good"
            }
            try await visitor.forge(
                path,
                section: "#between",
                box: "#grown",
                [
                    ("section.dataset.from = 0", "No log grows"),
                    ("section.dataset.from = -1", "No log grows"),
                    ("section.dataset.to = Number(section.dataset.to) + 1", "other sizes"),
                    ("section.dataset.hashes = ''", "proof"),
                    ("section.dataset.old = section.dataset.new", "other sizes"),
                    (
                        "section.dataset.old = section.dataset.old.replace(/....\\n*$/, 'AAA=\\n')",
                        "forged"
                    ),
                    (
                        "section.dataset.new = section.dataset.new.replace(/\\n— .*/, '\\n')",
                        "has not signed"
                    ),
                    (
                        "section.dataset.key = section.dataset.key.replace(/.$/, (c) => c === 'A' ? 'B' : 'A')",
                        "another key"
                    ),
                ]
            )
        }
    }

    @Test("the browser verifies an event, and refuses what is forged")
    func verifies() async throws {
        let user = "proved@example.com"
        try await program.connect(user, source: "band")
        let position = try await positions(user)[1]
        while try await program.checkpointSize() <= position {
            try await Task.sleep(for: .milliseconds(100))
        }
        try await ConsoleVisitor.visit(program) { visitor in
            let path = "/console/events/facts/\(position)"
            try await visitor.open(path)
            let first = try await visitor.verdict()
            // Whose key it is, the page itself cannot say.
            #expect(first.kind == "verdict unsure", "\(first.text)")
            #expect(first.text.contains("pin the key to be sure"))
            #expect(first.text.contains("holds these bytes at position \(position)"))
            #expect(first.text.contains("No key is pinned"))
            // The page shows the key that the program prints.
            let key = try await visitor.browser.find("#proof").attribute("data-key")
            #expect(key == program.ready.checkpointVerifierKey)
            try await visitor.open("/console/evidence")
            try await visitor.browser.find("#pinned button").click()
            try await visitor.open(path)
            let pinned = try await visitor.verdict()
            #expect(pinned.kind == "verdict good" && pinned.text.contains("pinned in this browser"))
            try await visitor.forge(
                path,
                section: "#proof",
                box: "#verdict",
                Self.forgeries
            )
        }
    }

    private static let forgeries = [
        (
            "section.dataset.record = btoa(atob(section.dataset.record).replace('specversion', 'Specversion'))",
            "other bytes"
        ),
        // Its neighbour has a way of the same length, wherever it stands.
        ("section.dataset.position = Number(section.dataset.position) ^ 1", "do not lead"),
        (
            "section.dataset.hashes = section.dataset.hashes.replace(/^./, (c) => c === 'A' ? 'B' : 'A')",
            "do not lead"
        ),
        ("section.dataset.hashes = ''", "before the root"),
        (
            "section.dataset.note = section.dataset.note.replace(/\\n[0-9]+\\n/, '\\n9999999\\n')",
            "another size"
        ),
        (
            "section.dataset.note = section.dataset.note.replace(/....\\n*$/, 'AAA=\\n')",
            "forged"
        ),
        (
            "section.dataset.note = section.dataset.note.replace(/\\n— .*/, '\\n')",
            "has not signed"
        ),
        (
            "section.dataset.key = section.dataset.key.replace(/.$/, (c) => c === 'A' ? 'B' : 'A')",
            "another key"
        ),
        ("localStorage.setItem('key-facts', section.dataset.key + 'x')", "another key"),
    ]

    @Test("a record that was changed in the database is refused by the server and by the browser")
    func tampered() async throws {
        let user = "tampered@example.com"
        try await program.connect(user, source: "band")
        let position = try await positions(user)[0]
        while try await program.checkpointSize() <= position {
            try await Task.sleep(for: .milliseconds(100))
        }
        try await PostgresTools.psql(
            program.ready.databaseURL,
            script: """
                begin;
                alter table ledger.event disable trigger event_is_immutable;
                update ledger.event set record = convert_to(replace(convert_from(record, 'UTF8'),
                    'direct', 'relay'), 'UTF8')
                where log_id = 0 and position = \(position);
                alter table ledger.event enable always trigger event_is_immutable;
                commit
                """
        )
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.open("/console/events/facts/\(position)")
            let verdict = try await visitor.verdict()
            #expect(verdict.kind == "verdict bad", "\(verdict.text)")
            #expect(verdict.text.contains("not the event that was signed"))
            #expect(
                try await visitor.browser.find(".head").text().contains("did not write this record")
            )
        }
    }

    @Test("the log follows what happens, pauses, and goes on without losing or repeating")
    func follows() async throws {
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.open("/console/log?type=connect.launched")
            try await visitor.browser.wait(for: "the tail") {
                try await visitor.browser.find("#tail-state").text().contains("Following")
            }
            try await program.connect("followed1@example.com", source: "band")
            try await waitForTop(visitor, "followed1@example.com")
            try await visitor.browser.find("#tail button").click()
            try await program.connect("followed2@example.com", source: "band")
            try await program.connect("followed3@example.com", source: "band")
            #expect(try await visitor.browser.find("#tail-state").text().contains("Paused"))
            let paused = try await shown(visitor)
            #expect(paused.first == (try await positions("followed1@example.com"))[0])
            try await visitor.browser.find("#tail button").click()
            try await waitForTop(visitor, "followed3@example.com")
            // Who looks elsewhere does not follow, and misses nothing.
            try await look(visitor, isAway: true)
            #expect(try await visitor.browser.find("#tail-state").text().contains("Paused"))
            try await program.connect("followed4@example.com", source: "band")
            try await look(visitor, isAway: false)
            try await waitForTop(visitor, "followed4@example.com")
            let path = "/v1/events?type=connect.launched&limit=500"
            let all =
                try await program.ledger(path, scope: "events:read")["events"]?.array
                .compactMap { $0["position"]?.number.map { Int($0) } } ?? []
            #expect(try await shown(visitor) == all.reversed())
        }
    }

    private func shown(_ visitor: ConsoleVisitor) async throws -> [Int] {
        try await visitor.browser.execute(
            "return [...document.querySelectorAll('#log-rows tr')].map((row) => Number(row.dataset.position))"
        ).array.compactMap { $0.number.map { Int($0) } }
    }

    /// As the browser says it where another tab is in front.
    private func look(_ visitor: ConsoleVisitor, isAway: Bool) async throws {
        _ = try await visitor.browser.execute(
            """
            Object.defineProperty(document, 'hidden', { value: \(isAway), configurable: true });
            document.dispatchEvent(new Event('visibilitychange'))
            """
        )
    }

    private func waitForTop(_ visitor: ConsoleVisitor, _ user: String) async throws {
        let position = try await positions(user)[0]
        try await visitor.browser.wait(for: "the launch of \(user)") {
            try await shown(visitor).first == position
        }
    }

    @Test("a token that is pasted leads to its user, and is shown only with a reason")
    func reveals() async throws {
        let user = "revealed@example.com"
        try await program.connect(user, source: "band")
        let token = try await program.tokens(of: user)["access_token"]?.string ?? ""
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.find(token)
            try await visitor.waitFor(heading: user)
            let page = try await visitor.browser.execute(
                "return document.documentElement.outerHTML"
            )
            #expect(!token.isEmpty && page.string?.contains(token) == false)
            try await visitor.browser.find("select[name=reason] option[value=audit]").click()
            try await visitor.browser.find("form[action$=reveal] button").click()
            try await visitor.waitFor(heading: "Access token 1")
            #expect(try await visitor.browser.find("#value").text() == token)
            try await visitor.open("/console/users/\(try await subject(user))")
            let accesses = try await visitor.browser.find("#accesses").text()
            #expect(accesses.contains("shown in the console: audit"))
        }
    }

    @Test("times are shown in UTC, here, or by how long ago, and stay so")
    func times() async throws {
        try await program.connect("timed@example.com", source: "band")
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.open("/console/log")
            let time = try await visitor.browser.find("time")
            #expect(try await time.text().hasSuffix(" UTC"))
            _ = try await visitor.browser.execute(
                "document.querySelector('.times [value=relative]').click()"
            )
            #expect(try await visitor.browser.find("time").text().contains(/ago|now/))
            try await visitor.browser.reload()
            #expect(try await visitor.browser.find("time").text().contains(/ago|now/))
        }
    }
}
