import AsyncHTTPClient
import HumanConnect
import NIOCore
import NIOHTTP1
import Wire

/// An HTTP answer as a client sees it.
struct TestAnswer: Sendable {
    let status: Int
    let headers: [String: String]
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The body as JSON, `null` for anything else.
    var json: JSONValue { (try? JSONParser.parse(bytes, depthMax: 64)) ?? .null }

    /// The `code` of a problem document.
    var code: String? {
        headers["content-type"] == "application/problem+json" ? json["code"]?.text : nil
    }

    subscript(name: String) -> String? { json[name]?.text }

    /// Everything but what differs between any two answers: whether the connection ends with an early
    /// one depends on how much of the request had come by then, and when a page is to come again is
    /// drawn by lot.
    var lasting: [String] {
        let id = headers["x-request-id"] ?? ""
        let text = text.replacing(/retry: [0-9]+\n/, with: "retry\n")
        return headers.filter { !["date", "x-request-id", "connection"].contains($0.key) }
            .map { "\($0.key): \($0.value)" }.sorted()
            + ["\(status)", text.split(separator: id).joined(separator: "ID")]
    }
}

extension TestAnswer {
    /// A hundred requests at a time are a hundred connections.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.redirectConfiguration = .disallow
        // Answers are seen as they were sent.
        configuration.decompression = .disabled
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    static func send(
        _ method: HTTPMethod,
        _ url: String,
        headers: [String: String] = [:],
        body: [UInt8]? = nil
    ) async throws -> TestAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: .seconds(60))
        let buffer = try await response.body.collect(upTo: 64 << 20)
        return TestAnswer(
            status: Int(response.status.code),
            headers: Dictionary(
                response.headers.map { ($0.name.lowercased(), $0.value) },
                uniquingKeysWith: { "\($0), \($1)" }
            ),
            bytes: Array(buffer.readableBytesView)
        )
    }
}
