package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Calls over HTTP whose bodies are JSON.
package enum JSONCall {
    /// What was answered, whatever it was.
    package struct Answer: Sendable {
        package let status: Int
        package let text: String

        /// The body; null when it is no JSON.
        package var json: BrowserValue {
            (try? JSONDecoder().decode(BrowserValue.self, from: Data(text.utf8))) ?? .null
        }
    }

    private static let timeMax = TimeAmount.seconds(30)
    private static let answerBytesMax = 16 << 20

    /// What is there, in JSON.
    ///
    /// Throws `TestProgramError.refused` when it is not handed out.
    package static func get(_ url: String, key: String? = nil) async throws -> BrowserValue {
        try await body(of: HTTPClientRequest(url: url), key: key)
    }

    /// What is answered to a body in JSON.
    ///
    /// Throws `TestProgramError.refused` for anything but a success.
    @discardableResult
    package static func post(
        _ url: String,
        _ body: BrowserValue,
        key: String? = nil
    ) async throws -> BrowserValue {
        try await self.body(of: try request(url, body), key: key)
    }

    /// The answer to a body in JSON.
    package static func answer(
        from url: String,
        to body: BrowserValue,
        key: String? = nil
    ) async throws -> Answer {
        try await answer(to: try request(url, body), key: key)
    }

    /// The answer to a request.
    package static func answer(
        to request: HTTPClientRequest,
        key: String? = nil
    ) async throws -> Answer {
        var request = request
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        let response = try await HTTPClient.shared.execute(request, timeout: timeMax)
        let body = try await response.body.collect(upTo: answerBytesMax)
        return Answer(status: Int(response.status.code), text: String(buffer: body))
    }

    private static func request(_ url: String, _ body: BrowserValue) throws -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
        return request
    }

    private static func body(
        of request: HTTPClientRequest,
        key: String?
    ) async throws -> BrowserValue {
        let answer = try await answer(to: request, key: key)
        guard (200..<300).contains(answer.status) else {
            throw TestProgramError.refused(
                path: request.url,
                status: answer.status,
                body: answer.text
            )
        }
        return answer.json
    }
}
