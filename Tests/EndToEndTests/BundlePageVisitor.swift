import TestSupport
import Testing

/// A person who has opened a bundle's page.
struct BundlePageVisitor: PageVisitor {
    let browser: Browser

    /// Lends a person who has opened the page; afterwards the browser's console must hold no error.
    static func visit(
        _ bundle: GivenBundle,
        _ body: (BundlePageVisitor) async throws -> Void
    ) async throws {
        try await Browser.run { browser in
            let visitor = BundlePageVisitor(browser: browser)
            try await visitor.open("file://\(bundle.folder)/index.html")
            try await body(visitor)
            let errors = try await browser.consoleLog().filter {
                $0.hasPrefix("SEVERE") || $0.hasPrefix("WARNING")
            }
            #expect(errors.isEmpty)
        }
    }

    func open(_ url: String) async throws { try await browser.navigate(to: url) }

    /// Goes to a view, and waits until it is there.
    func go(_ hash: String) async throws {
        _ = try await browser.execute(
            """
            location.hash = arguments[0];
            return new Promise((done) => setTimeout(done, 50))
            """,
            .string(hash)
        )
        _ = try await browser.find("main h1")
    }

    func hash() async throws -> String {
        try await browser.execute("return location.hash").string ?? ""
    }

    func title() async throws -> String {
        try await browser.execute("return document.title").string ?? ""
    }

    func waitFor(heading: String) async throws {
        try await browser.wait(for: "the view \(heading)") {
            let text = try await browser.execute(
                "return document.querySelector('main h1').textContent"
            )
            return text == .string(heading)
        }
    }

    /// Asks the box, which the slash leads to.
    func find(_ text: String) async throws {
        try await press("/")
        #expect(try await browser.execute("return document.activeElement.id") == .string("find"))
        _ = try await browser.execute(
            "document.querySelector('#find').value = arguments[0]",
            .string(text)
        )
        try await browser.find("#find").type("\n")
    }

    /// Names the key that is trusted.
    func trust(_ key: String) async throws {
        _ = try await browser.execute(
            """
            document.querySelector('#verdict').className = 'verdict open';
            document.querySelector('#trust input').value = arguments[0];
            document.querySelector('#trust button').click()
            """,
            .string(key)
        )
    }

    func fact(_ name: String) async throws -> String {
        try await browser.execute(
            "return document.querySelector('[data-fact=\"' + arguments[0] + '\"]').textContent",
            .string(name)
        ).string ?? ""
    }

    func seal() async throws -> String { try await browser.find("#seal").text() }

    /// Chooses the folder, and waits for what is said of it.
    func check(folder: String) async throws -> (kind: String, text: String) {
        _ = try await browser.execute(
            "document.querySelector('#folder-verdict').className = 'verdict open'"
        )
        try await browser.find("#folder").type(folder)
        return try await verdict("#folder-verdict")
    }
}
