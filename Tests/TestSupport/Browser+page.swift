internal import Foundation

extension Browser {
    /// How long a page may take for anything; generous, since a slow machine is no failure.
    package static let waitMax = Duration.seconds(20)
    /// Short enough not to be felt, long enough not to keep the browser busy with questions.
    private static let pollInterval = Duration.milliseconds(50)

    /// Opens a page and waits until it has loaded.
    package func navigate(to url: String) async throws {
        _ = try await driver.post("url", ["url": .string(url)])
    }

    /// The address of the page.
    package func url() async throws -> String {
        try await driver.get("url").string ?? ""
    }

    /// Makes the window as wide as that of a phone, or of anything else, in CSS pixels.
    package func resize(width: Int, height: Int) async throws {
        _ = try await driver.post(
            "goog/cdp/execute",
            [
                "cmd": "Emulation.setDeviceMetricsOverride",
                "params": [
                    "width": .number(Double(width)), "height": .number(Double(height)),
                    "deviceScaleFactor": 1, "mobile": true,
                ],
            ]
        )
    }

    /// Loads the page again.
    package func reload() async throws {
        _ = try await driver.post("refresh")
    }

    /// The first element that matches a CSS selector, as soon as there is one.
    package func find(_ selector: String) async throws -> BrowserElement {
        try await wait(for: "an element \(selector)") { try await findAll(selector).first }
    }

    /// All elements that match a CSS selector at this moment, in document order.
    package func findAll(_ selector: String) async throws -> [BrowserElement] {
        let answer = try await driver.post(
            "elements",
            ["using": "css selector", "value": .string(selector)]
        )
        return try answer.array.map { try BrowserElement(driver: driver, value: $0) }
    }

    /// Runs the body of a function in the page and gives back what it returns, or what the
    /// promise it returns resolves to.
    @discardableResult
    package func execute(
        _ script: String,
        _ arguments: BrowserValue...
    ) async throws -> BrowserValue {
        try await driver.post(
            "execute/sync",
            ["script": .string(script), "args": .array(arguments)]
        )
    }

    /// Goes into a frame: from here on everything means the page inside it.
    package func enter(frame: BrowserElement) async throws {
        _ = try await driver.post("frame", ["id": frame.value])
    }

    /// Goes back to the page that holds the frame.
    package func leaveFrame() async throws {
        _ = try await driver.post("frame/parent")
    }

    /// Goes back to the outermost page.
    package func leaveAllFrames() async throws {
        _ = try await driver.post("frame", ["id": .null])
    }

    /// What the window shows, as the bytes of a PNG.
    package func screenshot() async throws -> [UInt8] {
        let text = try await driver.get("screenshot").string ?? ""
        return Data(base64Encoded: text).map { Array($0) } ?? []
    }

    /// The lines that came to the console since the last call, each with its level in front.
    package func consoleLog() async throws -> [String] {
        try await driver.post("se/log", ["type": "browser"]).array.map { entry in
            "\(entry["level"]?.string ?? "") \(entry["message"]?.string ?? "")"
        }
    }

    /// Asks again and again until there is an answer.
    ///
    /// Throws `BrowserError.waitedInVain` with `what` in it when the time has passed. A question
    /// that the browser refuses, for instance about an element which is just being replaced,
    /// counts as not answered yet.
    package func wait<Answer: Sendable>(
        for what: String,
        atMost limit: Duration = waitMax,
        until answer: () async throws -> Answer?
    ) async throws -> Answer {
        let start = ContinuousClock.now
        while true {
            let (answer, refusal) = try await askOnce(answer)
            if let answer { return answer }
            guard ContinuousClock.now - start < limit else {
                let last = refusal.map { " (last: \($0))" } ?? ""
                throw BrowserError.waitedInVain(what: what + last)
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// Waits until a condition holds, within the same bounds.
    package func wait(
        for what: String,
        until condition: () async throws -> Bool
    ) async throws {
        let _: Bool = try await wait(for: what) { try await condition() ? true : nil }
    }

    private func askOnce<Answer: Sendable>(
        _ question: () async throws -> Answer?
    ) async throws -> (answer: Answer?, refusal: BrowserError?) {
        do {
            return (try await question(), nil)
        } catch let error as BrowserError {
            guard case .refused = error else { throw error }
            return (nil, error)
        }
    }
}
