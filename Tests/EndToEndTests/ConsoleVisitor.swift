import TestSupport
import Testing

/// A person at the console, in a browser of their own.
struct ConsoleVisitor: PageVisitor {
    let browser: Browser
    let program: TestProgram

    /// Lends a person who has signed in with the key of all scopes; afterwards the browser's console must
    /// hold no error, such as of the page's policy.
    static func visit(
        _ program: TestProgram,
        _ body: (ConsoleVisitor) async throws -> Void
    ) async throws {
        try await Browser.run { browser in
            let visitor = ConsoleVisitor(browser: browser, program: program)
            try await visitor.signIn()
            try await body(visitor)
            let errors = try await browser.consoleLog().filter {
                ($0.hasPrefix("SEVERE") || $0.hasPrefix("WARNING")) && !isAnswer($0)
            }
            #expect(errors.isEmpty)
        }
    }

    /// That a page was answered with 401 or 404 is what the browser itself reports.
    private static func isAnswer(_ line: String) -> Bool {
        line.contains("status of 401") || line.contains("status of 404")
    }

    private func signIn() async throws {
        try await open("/console")
        try await browser.find("#key").type(program.ready.apiKeys["all"] ?? "")
        try await browser.find("button.main").click()
        try await waitFor(heading: "Overview")
    }

    func open(_ path: String) async throws {
        try await browser.navigate(to: program.ready.ledgerURL + path)
    }

    func waitFor(heading: String) async throws {
        try await browser.wait(for: "the page \(heading)") { try await self.heading() == heading }
    }

    func heading() async throws -> String { try await browser.find("h1").text() }

    /// Pastes something into the box, by keys alone.
    func find(_ text: String) async throws {
        try await press("/")
        let isInBox = try await browser.execute("return document.activeElement.id")
        #expect(isInBox == .string("find"))
        try await browser.find("#find").type(text + "\n")
    }

    /// The path and the query of the page.
    func address() async throws -> String {
        try await browser.execute("return location.pathname + location.search").string ?? ""
    }
}
