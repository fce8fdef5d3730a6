import TestSupport
import Testing
import Wire

/// The provider's popup, seen from inside its frame; how it ends leads back to the page.
struct Popup {
    let browser: Browser

    /// `create` or `edit`; empty when it shows an error.
    func mode() async throws -> String {
        try await browser.execute("return document.body.dataset.mode").string ?? ""
    }

    /// The token of its session; empty when it shows an error.
    func session() async throws -> String {
        try await browser.execute("return document.body.dataset.session").string ?? ""
    }

    /// The public token it was opened with, if any.
    func publicToken() async throws -> String? {
        let script = "return new URL(location.href).searchParams.get('publicToken')"
        return try await browser.execute(script).string
    }

    /// The sources that are connected, by their identifiers.
    func connected() async throws -> [String] {
        var sources: [String] = []
        for row in try await browser.findAll("#sources [data-connected=true]") {
            sources.append(try await row.attribute("data-source") ?? "")
        }
        return sources
    }

    /// Connects a source and waits until it is.
    func connect(_ source: String) async throws {
        try await browser.find("[data-source=\(source)] [data-action=connect]").click()
        _ = try await browser.find("[data-source=\(source)][data-connected=true]")
    }

    /// Disconnects a source and waits until it is.
    func disconnect(_ source: String) async throws {
        try await browser.find("[data-source=\(source)] [data-action=disconnect]").click()
        _ = try await browser.find("[data-source=\(source)][data-connected=false]")
    }

    /// The message and the code of an error.
    func error() async throws -> [String] {
        [
            try await browser.find("#error-message").text(),
            try await browser.find("#error-code").text(),
        ]
    }

    /// Presses Done.
    func done() async throws {
        try await end("#done")
    }

    /// Presses the cross.
    func close() async throws {
        try await end("#close")
    }

    private func end(_ button: String) async throws {
        try await browser.find(button).click()
        try await browser.leaveAllFrames()
    }
}
