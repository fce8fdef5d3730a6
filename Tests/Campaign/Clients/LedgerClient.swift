internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Calls over HTTP as backends, pages and browsers make them: once, and with a limit.
enum LedgerClient {
    /// What came back: status and body.
    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]

        /// The body as JSON; null for anything else.
        var json: JSONValue { (try? JSONParser.parse(body, depthMax: 64)) ?? .null }
    }

    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()
    private static let bodyBytesMax = 64 << 20

    /// Sends a request once.
    ///
    /// - Returns: nil when no whole answer came in that time.
    static func call(
        _ method: HTTPMethod,
        _ url: String,
        headers: [String: String] = [:],
        json: JSONValue? = nil,
        timeMax: Duration
    ) async -> Answer? {
        var request = HTTPClientRequest(url: url)
        request.method = method
        // A process that is killed again and again leaves dead connections behind.
        request.headers.add(name: "Connection", value: "close")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: json.encoded))
        }
        do {
            let response = try await client.execute(
                request,
                deadline: .now() + TimeAmount(timeMax)
            )
            let body = try await response.body.collect(upTo: bodyBytesMax)
            return Answer(
                status: Int(response.status.code),
                body: Array(body.readableBytesView)
            )
        } catch {
            return nil
        }
    }
}
