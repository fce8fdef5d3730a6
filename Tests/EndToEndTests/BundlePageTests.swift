import AsyncHTTPClient
import Foundation
import TestSupport
import Testing

/// Serialized: the tests share one program, and a browser each is all that two cores carry.
@Suite("the page of a bundle in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct BundlePageTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    /// What somebody might write who wants a page to run it.
    private static let hostile =
        "</script><script>document.title='run'</script><!-- \"\u{301} onfocus=x <img src=x onerror=x> a\u{2028}b"
    static let user = "reader@example.com"

    /// Connects two users twice, once for all tests, and waits until a checkpoint covers it.
    private func connectUsers() async throws {
        let users = [Self.user, Self.hostile]
        if try await !program.command(["export"]).output.contains("edit.finalized") {
            for user in users {
                try await program.connect(user, source: "band")
                try await program.connect(user, source: "watch")
            }
        }
        let size = try await program.command(["export"]).output.split(separator: "\n").count
        while try await program.checkpointSize() < size {
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func bundle(
        _ name: String,
        _ flags: [String] = [],
        isOfFacts: Bool = true
    ) async throws -> GivenBundle {
        try await connectUsers()
        let folder = "\(program.folder.path)/page-\(name)"
        let made = try await program.command(
            ["export", "--bundle", folder, "--by", "auditor", "--reason", Self.hostile] + flags
        )
        #expect(made.status == 0, "\(made.messages)")
        #expect(made.messages.contains("\(folder)/index.html"))
        let key = program.ready.checkpointVerifierKey
        // The key is that of the facts.
        let verdict = try await program.command(
            ["verify", folder] + (isOfFacts ? ["--key", key] : [])
        )
        #expect(verdict.status == 0, "\(verdict.output)")
        return GivenBundle(folder: folder, key: key)
    }

    @Test(
        "by double click it verifies itself, and says whose key that takes",
        arguments: [
            "whole", "user", "types", "positions",
        ]
    )
    func verifies(_ kind: String) async throws {
        let flags = [
            "whole": ["--identities"], "user": ["--user", Self.user, "--gzip"],
            "types": ["--type", "connect.finalized", "--type", "edit.finalized"],
            "positions": ["--from-position", "4", "--format", "csv"],
        ]
        let bundle = try await bundle(kind, flags[kind] ?? [])
        try await BundlePageVisitor.visit(bundle) { visitor in
            let alone = try await visitor.verdict()
            #expect(alone.kind == "verdict unsure", "\(alone.text)")
            #expect(alone.text.contains("fits the key that came with the bundle"))
            #expect(alone.text.contains("could have made that key"))
            #expect(
                alone.text.contains("the filter left nothing out") == (kind == "types")
            )
            #expect(alone.text.contains("are the whole log") == (kind == "whole"))
            #expect(alone.text.contains("user’s counted events is missing") == (kind == "user"))
            #expect(alone.text.contains("None of these positions") == (kind == "positions"))
            #expect(try await visitor.fact("reason") == Self.hostile)
            try await visitor.trust(bundle.key)
            let trusted = try await visitor.verdict()
            #expect(trusted.kind == "verdict good", "\(trusted.text)")
            #expect(trusted.text.contains("nothing in this bundle was altered"))
            #expect(trusted.text.contains("Not proved: who asked for the bundle and why"))
            #expect(try await visitor.seal() == "Verified")
            let other =
                "token-ledger/0000000000000000/0+d6732c22+"
                + bundle.key.split(separator: "+").dropFirst(2).joined(separator: "+")
            try await visitor.trust(other)
            #expect(try await visitor.verdict().kind == "verdict bad")
            #expect(try await visitor.verdict().text.contains("another log"))
            try await visitor.trust("no key")
            #expect(try await visitor.verdict().text.contains("no key of a log"))
        }
    }

    private func accessCheckpointSize() async throws -> Int {
        let request = HTTPClientRequest(url: program.ready.ledgerURL + "/logs/1/checkpoint")
        let key = program.ready.apiKeys["events:read"]
        let lines = try await JSONCall.answer(to: request, key: key).text.split(separator: "\n")
        return lines.count > 1 ? Int(lines[1]) ?? 0 : 0
    }

    @Test("the access log opens too: who read what, and no states")
    func accessLog() async throws {
        try await connectUsers()
        _ = try await program.tokens(of: Self.user)
        let read = try await program.command(["export", "--log", "access"]).output
        while try await accessCheckpointSize() < read.split(separator: "\n").count {
            try await Task.sleep(for: .milliseconds(100))
        }
        let bundle = try await bundle("access", ["--log", "access"], isOfFacts: false)
        try await BundlePageVisitor.visit(bundle) { visitor in
            let verdict = try await visitor.verdict()
            #expect(verdict.kind == "verdict unsure", "\(verdict.text)")
            #expect(!verdict.text.contains("differences of state"))
            try await visitor.go("#users")
            try await visitor.browser.find("#users tbody a").click()
            #expect(try await visitor.browser.find(".entry .said").text().contains("handed out"))
            #expect(try await !visitor.browser.find(".panel").isDisplayed())
        }
    }

    @Test("whatever is altered is named", arguments: ["whole", "user"])
    func altered(_ kind: String) async throws {
        let flags = ["whole": ["--identities"], "user": ["--user", Self.user]]
        let bundle = try await bundle("altered-\(kind)", flags[kind] ?? [])
        try await BundlePageVisitor.visit(bundle) { visitor in
            let alterations = kind == "whole" ? PageAlteration.ofLog : PageAlteration.ofUser
            for (number, alteration) in alterations.enumerated() {
                let path = "\(bundle.folder)/altered-\(number).html"
                try await bundle.alter(alteration, into: path)
                try await visitor.open("file://\(path)")
                let verdict = try await visitor.verdict()
                let text = "\(alteration.file) \(alteration.change): \(verdict.text)"
                #expect(verdict.kind == "verdict bad", "\(text)")
                #expect(verdict.text.contains(alteration.words), "\(text)")
                #expect(try await visitor.seal() == "Refused")
            }
            let path = "\(bundle.folder)/damaged.html"
            let page = try String(contentsOfFile: "\(bundle.folder)/index.html", encoding: .utf8)
            let marker = "data-file=\"events.ndjson\">"
            try page.replacing(marker + "H4sI", with: marker + "H4sJ").write(
                toFile: path,
                atomically: false,
                encoding: .utf8
            )
            try await visitor.open("file://\(path)")
            #expect(try await visitor.verdict().text.contains("damaged and cannot be read"))
        }
    }

    @Test("h and l travel in time through the ledger's own states, and a date leads there")
    func travels() async throws {
        let bundle = try await bundle("travel", ["--identities"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            try await visitor.find(Self.user)
            try await visitor.waitFor(heading: Self.user)
            let now = try await visitor.state()
            #expect(now["access"] == "version 2" && now["status"] == "connected")
            let count = try await visitor.browser.findAll(".entry").count
            var states = [now]
            for number in (0..<count).reversed() {
                try await visitor.press("h")
                #expect(try await visitor.hash().hasSuffix("/\(number)"))
                let shown = try await visitor.state()
                // A shared address shows the same.
                try await visitor.browser.reload()
                try await visitor.waitFor(heading: Self.user)
                #expect(try await visitor.state() == shown)
                states.append(shown)
            }
            #expect(states.last?["status"] == "none" && states.last?["access"] == "none")
            try await visitor.press("h")
            #expect(try await visitor.hash().hasSuffix("/0"))
            for state in states.dropLast().reversed() {
                try await visitor.press("l")
                #expect(try await visitor.state() == state)
            }
            let bytes = try await visitor.browser.find(".entry .bytes")
            #expect(try await !bytes.isDisplayed())
            try await visitor.press("r")
            #expect(try await bytes.isDisplayed())
            let diff = try await visitor.browser.findAll(".entry .diff li")
            #expect(!diff.isEmpty)
            _ = try await visitor.browser.execute(
                """
                document.querySelector('#time').value = '2020-01-01T00:00:00';
                document.querySelector('.date button').click()
                """
            )
            #expect(try await visitor.hash().hasSuffix("/0"))
            _ = try await visitor.browser.execute(
                """
                const slider = document.querySelector('#event');
                slider.value = 3;
                slider.dispatchEvent(new Event('input'))
                """
            )
            #expect(try await visitor.state() == states[count - 3])
            #expect(try await visitor.browser.find("#state-title").text() == "State after event 3")
        }
    }

    @Test("where events are missing the state is said to be unknown")
    func unknown() async throws {
        let bundle = try await bundle("unknown", ["--type", "edit.finalized"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            try await visitor.go("#users")
            #expect(try await visitor.browser.find("#users .chip").text() == "not known")
            try await visitor.browser.find("#users tbody a").click()
            #expect(try await visitor.browser.find("#unknown").text().contains("cannot be known"))
            #expect(try await visitor.state()["status"] == "not known")
        }
    }

    @Test(
        "the box finds users, events, positions, types and text; the event is proved step by step"
    )
    func finds() async throws {
        let bundle = try await bundle("find", ["--identities"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            try await visitor.trust(bundle.key)
            _ = try await visitor.verdict()
            try await visitor.find("4")
            try await visitor.waitFor(heading: "Event 4")
            #expect(try await visitor.verdict("#verdict").kind == "verdict good")
            let results = try await visitor.browser.execute(
                "return [...document.querySelectorAll('.path code')].at(-2).textContent"
            ).string
            #expect(results == (try await visitor.browser.find(".path .root code").text()))
            try await visitor.press("l")
            try await visitor.waitFor(heading: "Event 5")
            let id =
                try await visitor.browser.execute(
                    "return JSON.parse(document.querySelector('#bytes').textContent).id"
                ).string ?? ""
            try await visitor.go("#bundle")
            try await visitor.find(id)
            try await visitor.waitFor(heading: "Event 5")
            try await visitor.find("connect.finalized")
            try await visitor.waitFor(heading: "Events")
            #expect(try await visitor.browser.findAll("#log-rows tr").count == 2)
            try await visitor.find("\"mode\":\"create\"")
            try await visitor.browser.wait(for: "what was found") {
                try await visitor.browser.find(".about").text().contains("have “")
            }
            try await visitor.find(Self.hostile)
            try await visitor.waitFor(heading: Self.hostile)
            try await visitor.find("nothing of the kind")
            try await visitor.browser.wait(for: "nothing") {
                try await visitor.browser.find(".about").text().hasPrefix("0 of")
            }
        }
    }

    @Test("nothing is loaded or sent, and nothing of the log runs")
    func closed() async throws {
        let bundle = try await bundle("closed", ["--identities"])
        try await Browser.run { browser in
            let visitor = BundlePageVisitor(browser: browser)
            try await visitor.open("file://\(bundle.folder)/index.html")
            _ = try await visitor.verdict()
            for hash in ["#users", "#events", "#event/0", "#bundle"] {
                try await visitor.go(hash)
                #expect(try await visitor.title() != "run")
                #expect(try await browser.findAll("main img, main script").isEmpty)
            }
            let loaded = try await browser.execute(
                "return performance.getEntriesByType('resource').map((entry) => entry.name)"
            )
            #expect(loaded == .array([]))
            #expect(try await browser.consoleLog().isEmpty)
            // The policy holds whatever would be asked for.
            for attempt in [
                "return fetch('\(program.ready.ledgerURL)/livez', { mode: 'no-cors' }).then(() => 'loaded', () => 'refused')",
                """
                return new Promise((done) => {
                    const image = new Image();
                    image.onload = () => done('loaded');
                    image.onerror = () => done('refused');
                    image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC';
                })
                """,
                "try { document.body.innerHTML = '<p>x'; return 'loaded' } catch { return 'refused' }",
            ] {
                #expect(try await browser.execute(attempt) == .string("refused"), "\(attempt)")
            }
        }
    }

    @Test("it fits a phone, and every view has a heading and one main place")
    func widths() async throws {
        let bundle = try await bundle("widths", ["--identities"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            let users =
                try await visitor.browser.execute(
                    "location.hash = '#users'; return new Promise((go) => setTimeout(() => go(document.querySelector('#users tbody a').getAttribute('href')), 100))"
                ).string ?? ""
            for width in [1_280, 390] {
                try await visitor.browser.resize(width: width, height: 844)
                for hash in ["#bundle", "#users", "#events", "#event/2", users] {
                    try await visitor.go(hash)
                    let overflow = try await visitor.browser.execute(
                        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    #expect(overflow == .number(0), "\(hash) at \(width)")
                    let twice = try await visitor.browser.execute(
                        """
                        const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
                        return ids.filter((id, place) => ids.indexOf(id) !== place)
                        """
                    )
                    #expect(twice == .array([]), "\(hash)")
                    #expect(try await visitor.browser.findAll("main h1").count == 1)
                }
            }
        }
    }

    @Test("the folder beside the page is checked file by file")
    func folder() async throws {
        let bundle = try await bundle("folder", ["--format", "csv", "--identities"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            try await visitor.trust(bundle.key)
            _ = try await visitor.verdict()
            let sound = try await visitor.check(folder: bundle.folder)
            #expect(sound.kind == "verdict good", "\(sound.text)")
            let table = bundle.folder + "/events.csv"
            let content = try Data(contentsOf: URL(fileURLWithPath: table))
            try (content + Data([0x20])).write(to: URL(fileURLWithPath: table))
            try Data().write(to: URL(fileURLWithPath: bundle.folder + "/more"))
            try FileManager.default.removeItem(atPath: bundle.folder + "/identities.ndjson")
            let altered = try await visitor.check(folder: bundle.folder)
            #expect(altered.kind == "verdict bad")
            for words in [
                "events.csv: it is not the file", "more: the manifest does not list it",
                "identities.ndjson: it is missing",
            ] {
                #expect(altered.text.contains(words), "\(altered.text)")
            }
        }
    }
}
