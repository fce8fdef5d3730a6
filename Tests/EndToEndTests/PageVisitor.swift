import TestSupport

/// Who is on a page with the panel of states and the verdict, of the console or of a bundle.
protocol PageVisitor {
    var browser: Browser { get }
}

extension PageVisitor {
    /// A key on the page, not in a field.
    func press(_ key: String) async throws { try await browser.find("body").type(key) }

    /// The state that the panel shows, by field.
    func state() async throws -> [String: BrowserValue] {
        let fields = try await browser.execute(
            """
            return Object.fromEntries([...document.querySelectorAll("[data-field]")]
                .map((field) => [field.dataset.field, field.textContent]))
            """
        )
        if case .object(let state) = fields { return state }
        return [:]
    }

    /// What the page says of a proof, once it has looked.
    func verdict(_ box: String = "#verdict") async throws -> (kind: String, text: String) {
        try await browser.wait(for: "a verdict") {
            let box = try await browser.find(box)
            let kind = try await box.attribute("class") ?? ""
            return kind == "verdict open" ? nil : (kind, try await box.text())
        }
    }
}
