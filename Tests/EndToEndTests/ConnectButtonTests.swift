import Foundation
import TestSupport
import Testing
import Wire

/// The button in one line, on a page that allows itself nothing but the button: an integrator's
/// backend in Python relays its finishes.
@Suite("the button in one line", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct ConnectButtonTests {
    private static let backend =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Button/backend.py"
    private static let button = "connect-health-data button"

    /// A visitor's page and the popup that its button opens.
    private struct Page {
        let browser: Browser
        let program: TestProgram
        let user: String
        let url: String

        func open() async throws {
            try await browser.navigate(to: "\(url)/?user=\(TestProgram.encoded(user))")
        }

        func press() async throws -> Popup {
            try await mark()
            try await browser.find(button).click()
            return try await popup()
        }

        func popup() async throws -> Popup {
            try await browser.enter(frame: browser.find("#human-connect"))
            _ = try await browser.find("#done, #error")
            return Popup(browser: browser)
        }

        /// A page that was loaded anew does not have it.
        func mark() async throws {
            try await browser.execute("document.body.dataset.pressed = 'yes'")
        }

        /// Waits until the page has loaded itself anew.
        func waitForRefresh() async throws {
            try await browser.wait(for: "a fresh page") {
                try await browser.execute(
                    """
                    return document.readyState === "complete"
                        && document.body.dataset.pressed === undefined
                    """
                ) == .bool(true)
            }
        }

        func mode() async throws -> String { try await browser.find("#mode").text() }

        func note() async throws -> String {
            try await browser.find("connect-health-data span").text()
        }

        /// What is left in the browser for the next page.
        func kept() async throws -> BrowserValue {
            try await browser.execute("return Object.keys(sessionStorage)")
        }

        func types() async throws -> [String] {
            try await Story(program: program, user: user).types()
        }

        func connect(_ source: String) async throws {
            let popup = try await press()
            try await popup.connect(source)
            try await popup.done()
            try await waitForRefresh()
        }
    }

    private static func visit(
        _ user: String,
        _ body: (Page) async throws -> Void
    ) async throws {
        let program = try SharedProgram.program
        let log = program.folder.path + "/backend-\(UUID())"
        try await ChildProcess.run(
            [
                "python3", backend, program.ready.ledgerURL, program.ready.apiKeys["all"] ?? "",
                program.ready.sandboxURL,
            ],
            log: log
        ) {
            var port = ""
            while port.isEmpty {
                try await Task.sleep(for: .milliseconds(50))
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                if text.hasSuffix("\n") { port = String(text.dropLast()) }
            }
            try await Browser.run { browser in
                let page = Page(
                    browser: browser,
                    program: program,
                    user: user,
                    url: "http://127.0.0.1:\(port)"
                )
                try await page.open()
                try await body(page)
                let errors = try await browser.consoleLog().filter { line in
                    line.hasPrefix("SEVERE") && !line.contains("favicon.ico")
                        && !Visitor.isEndOfPolling(line) && !line.contains("/relay/")
                }
                #expect(errors.isEmpty, "the policy of the page allows all that the button does")
            }
        }
    }

    @Test("create, then edit: the page refreshes by itself, and nothing stays in the browser")
    func connects() async throws {
        try await Self.visit("relay first@example.com") { page in
            #expect(try await page.mode() == "create")
            try await page.connect("band")
            #expect(try await page.mode() == "edit")
            let popup = try await page.press()
            #expect(try await popup.mode() == "edit")
            #expect(try await popup.connected() == ["band"])
            try await popup.connect("watch")
            try await popup.done()
            try await page.waitForRefresh()
            #expect(try await page.kept() == .array([]))
            #expect(try await page.types() == Story.create + Story.edit)
            let story = Story(program: page.program, user: page.user)
            try await story.checkTokens(access: 2, public: 2, sources: ["band", "watch"])
        }
    }

    @Test("two clicks at once open one popup")
    func doubleClick() async throws {
        try await Self.visit("relay double@example.com") { page in
            try await page.mark()
            try await page.browser.execute(
                "const b = document.querySelector('\(Self.button)'); b.click(); b.click();"
            )
            try await page.popup().close()
            try await page.waitForRefresh()
            #expect(try await page.types() == ["connect.launched", "launch.closed"])
        }
    }

    @Test("a popup that a lost page has left open is reported by the next one")
    func lostPage() async throws {
        try await Self.visit("relay lost@example.com") { page in
            _ = try await page.press()
            try await page.browser.leaveAllFrames()
            let kept = try await page.browser.execute("return Object.values(sessionStorage)[0]")
            #expect(kept.string?.hasSuffix("/closed") == true, "\(kept)")
            try await page.open()
            try await page.browser.wait(for: "the report") {
                try await page.types() == ["connect.launched", "launch.closed"]
            }
            #expect(try await page.kept() == .array([]))
            try await page.connect("lab")
            #expect(try await page.mode() == "edit")
        }
    }

    @Test("an error of the popup is told to the page and to the ledger")
    func error() async throws {
        try await Self.visit("relay sandbox_popup_error@example.com") { page in
            let popup = try await page.press()
            _ = try await popup.error()
            try await page.browser.leaveAllFrames()
            #expect(try await page.note().hasPrefix("The popup cannot be loaded: "))
            // It is still open, so there is no second one.
            let isLocked = try await page.browser.execute(
                "return document.querySelector('\(Self.button)').ariaDisabled"
            )
            #expect(isLocked.string == "true")
            try await page.browser.enter(frame: page.browser.find("#human-connect"))
            try await popup.close()
            try await page.waitForRefresh()
            #expect(
                try await page.types().sorted()
                    == ["connect.launched", "launch.closed", "launch.failed"]
            )
        }
    }

    @Test("whatever refuses a launch is told in words, and the button can be pressed again")
    func refused() async throws {
        try await Self.visit("relay refused@example.com") { page in
            try await page.browser.execute(
                """
                window.tries = 0;
                const fetched = window.fetch;
                window.fetch = (path, options) => path === "/launch" && window.tries++ === 0
                    ? Promise.reject(new TypeError("offline")) : fetched(path, options);
                """
            )
            try await page.browser.find(Self.button).click()
            try await page.browser.wait(for: "the words") {
                try await page.note() == "No answer. Please try again in a moment."
            }
            try await page.connect("scale")
            #expect(try await page.mode() == "edit")
        }
    }

    @Test("a finish that nothing but a gateway answered is a popup that was left")
    func gateway() async throws {
        try await Self.visit("relay gateway@example.com") { page in
            try await page.browser.execute(
                """
                const fetched = window.fetch;
                window.fetch = (path, options) => path.startsWith("/relay/")
                    ? Promise.resolve(new Response("", { status: 502 })) : fetched(path, options);
                """
            )
            let popup = try await page.press()
            try await popup.connect("band")
            try await popup.done()
            try await page.waitForRefresh()
            try await page.browser.wait(for: "the report") {
                try await page.types() == ["connect.launched", "launch.closed"]
            }
            #expect(try await page.kept() == .array([]))
        }
    }

    @Test("a launch that is finished nowhere opens no popup")
    func nowhere() async throws {
        try await Self.visit("relay nowhere@example.com") { page in
            try await page.browser.execute(
                """
                const button = document.querySelector("connect-health-data");
                button.removeAttribute("relay");
                """
            )
            try await page.browser.find(Self.button).click()
            try await page.browser.wait(for: "the words") {
                try await page.note() == "The launch does not say where it is finished."
            }
            #expect(try await page.kept() == .array([]))
            #expect(try await page.types() == ["connect.launched"])
        }
    }

    @Test("the keyboard is enough, and who sees nothing hears what the button is and does")
    func keyboard() async throws {
        try await Self.visit("relay keys@example.com") { page in
            let button = try await page.browser.find(Self.button)
            #expect(try await button.text() == "Connect Health Data")
            #expect(try await page.browser.find("[role=status]").text() == "")
            try await page.browser.execute("document.querySelector('\(Self.button)').focus()")
            try await page.mark()
            try await button.type("\n")
            try await page.popup().close()
            try await page.waitForRefresh()
            #expect(try await page.types() == ["connect.launched", "launch.closed"])
        }
    }
}
