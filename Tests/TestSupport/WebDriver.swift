internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// One browser session, spoken to over W3C WebDriver: JSON over HTTP on the loopback.
struct WebDriver: Sendable {
    /// A browser starts within a few seconds even on a busy machine; nothing else takes longer.
    private static let commandTimeMax = TimeAmount.seconds(60)
    /// Screenshots are by far the largest answers.
    private static let answerBytesMax = 32 << 20

    private let session: String

    /// Opens a session at a chromedriver.
    static func open(port: Int, capabilities: BrowserValue) async throws -> WebDriver {
        let driver = "http://127.0.0.1:\(port)"
        let answer = try await send(
            .POST,
            "\(driver)/session",
            ["capabilities": ["alwaysMatch": capabilities]]
        )
        guard let id = answer["sessionId"]?.string else {
            throw BrowserError.refused(code: "no session", message: "the answer names none")
        }
        return WebDriver(session: "\(driver)/session/\(id)")
    }

    /// Closes the browser.
    func close() async throws {
        _ = try await Self.send(.DELETE, session, nil)
    }

    /// Asks for something that needs no parameters.
    func get(_ path: String) async throws -> BrowserValue {
        try await Self.send(.GET, "\(session)/\(path)", nil)
    }

    /// Gives a command; WebDriver wants an object even when there is nothing to say.
    func post(_ path: String, _ parameters: BrowserValue = [:]) async throws -> BrowserValue {
        try await Self.send(.POST, "\(session)/\(path)", parameters)
    }

    private enum Method: String { case GET, POST, DELETE }

    private static func send(
        _ method: Method,
        _ url: String,
        _ parameters: BrowserValue?
    ) async throws -> BrowserValue {
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method.rawValue)
        if let parameters {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(parameters)))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: commandTimeMax)
        let body = try await response.body.collect(upTo: answerBytesMax)
        let answer = try JSONDecoder().decode(
            BrowserValue.self,
            from: Data(body.readableBytesView)
        )
        let value = answer["value"] ?? .null
        guard response.status == .ok else {
            throw BrowserError.refused(
                code: value["error"]?.string ?? "status \(response.status.code)",
                message: value["message"]?.string ?? ""
            )
        }
        return value
    }
}
