import TestSupport
import Testing
import Wire

/// A person at the demo page, in a browser of their own.
struct Visitor {
    let browser: Browser
    let program: TestProgram
    let user: String

    /// Lends a visitor; afterwards the console must hold no error.
    static func visit(
        _ program: TestProgram,
        as user: String,
        _ body: (Visitor) async throws -> Void
    ) async throws {
        try await Browser.run { browser in
            let visitor = Visitor(browser: browser, program: program, user: user)
            try await body(visitor)
            let errors = try await visitor.consoleErrors().filter { !isEndOfPolling($0) }
            #expect(errors.isEmpty)
        }
    }

    /// The popup polls its session until that is over, which the browser itself reports; the
    /// guide calls it correct (docs/provider.md#finish-close-and-error).
    static func isEndOfPolling(_ line: String) -> Bool {
        line.contains("/v1/connect/sessions/") && line.contains("status of 412")
    }

    func consoleErrors() async throws -> [String] {
        try await browser.consoleLog().filter { $0.hasPrefix("SEVERE") || $0.hasPrefix("WARNING") }
    }

    /// Opens the page, with the token that the ledger serves or without any.
    func open(withoutToken: Bool = false) async throws {
        let query = "?user=\(TestProgram.encoded(user))" + (withoutToken ? "&without_token=1" : "")
        try await browser.navigate(to: "\(program.ready.demoURL)/\(query)")
        let name = try await browser.execute("return document.body.dataset.user")
        #expect(name == .string(user))
    }

    /// Presses the button and goes into the popup that appears, once it has loaded.
    func press() async throws -> Popup {
        // A page that was loaded again does not have it.
        try await browser.execute("document.body.dataset.pressed = 'yes'")
        try await browser.find("#connect-health-data-btn").click()
        try await browser.enter(frame: browser.find("#human-connect"))
        _ = try await browser.find("#done, #error")
        return Popup(browser: browser)
    }

    /// Waits until the page has refreshed itself and shows a message.
    func waitForRefresh(_ message: String) async throws {
        let script = """
            return document.body.dataset.pressed === undefined
                && document.readyState === "complete"
                && document.querySelector("#message").textContent
            """
        try await browser.wait(for: "a fresh page that says \(message)") {
            try await browser.execute(script) == .string(message)
        }
        #expect(try await browser.findAll("iframe").isEmpty)
    }

    /// What the page says of the user: status, mode of the next popup, versions.
    func state() async throws -> [String] {
        var texts: [String] = []
        for selector in ["#status", "#mode", "#versions"] {
            texts.append(try await browser.find(selector).text())
        }
        return texts
    }

    /// The sources that the page lists, by their identifiers.
    func sources() async throws -> [String] {
        try await attributes("#sources li", "data-source")
    }

    /// The types of the events that the page lists, oldest first.
    func shownHistory() async throws -> [String] {
        try await attributes("#history li", "data-type").reversed()
    }

    private func attributes(_ selector: String, _ name: String) async throws -> [String] {
        var values: [String] = []
        for element in try await browser.findAll(selector) {
            values.append(try await element.attribute(name) ?? "")
        }
        return values
    }
}
