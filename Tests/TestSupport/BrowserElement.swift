/// An element of the page, valid until the page or the frame it stands in is left.
package struct BrowserElement: Sendable {
    /// The name under which WebDriver passes references to elements (W3C WebDriver, section 12.1).
    static let key = "element-6066-11e4-a52e-4f735466cecf"

    let driver: WebDriver
    let id: String

    init(driver: WebDriver, value: BrowserValue) throws {
        guard let id = value[Self.key]?.string else {
            throw BrowserError.refused(code: "no element", message: "the answer names none")
        }
        self.driver = driver
        self.id = id
    }

    /// The element as an argument of a script.
    package var value: BrowserValue { [Self.key: .string(id)] }

    /// Clicks it as a person would: it is scrolled into view, and must not be covered.
    package func click() async throws {
        _ = try await driver.post("element/\(id)/click")
    }

    /// Types into it.
    package func type(_ text: String) async throws {
        _ = try await driver.post("element/\(id)/value", ["text": .string(text)])
    }

    /// Its visible text, as rendered.
    package func text() async throws -> String {
        try await driver.get("element/\(id)/text").string ?? ""
    }

    /// An attribute of the markup; nil when it is not there.
    package func attribute(_ name: String) async throws -> String? {
        try await driver.get("element/\(id)/attribute/\(name)").string
    }

    /// Whether a person sees it.
    package func isDisplayed() async throws -> Bool {
        try await driver.get("element/\(id)/displayed").bool ?? false
    }
}
