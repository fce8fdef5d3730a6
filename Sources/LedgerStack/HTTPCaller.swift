internal import AsyncHTTPClient
package import BoundedClient
package import NIOHTTP1
package import Wire

extension HTTPAnswer {
    private static let depthMax = 16

    /// The body as JSON; null for anything else.
    package var json: JSONValue {
        (try? JSONParser.parse(body, depthMax: Self.depthMax)) ?? .null
    }
}

/// Calls services on this machine, as a backend would.
package struct HTTPCaller: Sendable {
    private static let timeMax: Duration = .seconds(30)
    private static let answerBytesMax = 64 * 1024 * 1024

    package init() {}

    /// GET, or any other method, with an API key and a JSON body if given.
    ///
    /// - Throws: `StackError.noAnswer`, or what the HTTP client throws.
    package func call(
        _ method: HTTPMethod = .GET,
        _ url: String,
        key: String? = nil,
        json: JSONValue? = nil,
        origin: String? = nil
    ) async throws -> HTTPAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let key { request.headers.add(name: "Authorization", value: "Bearer " + key) }
        if let origin { request.headers.add(name: "Origin", value: origin) }
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(json.encoded)
        }
        let call = BoundedCall(
            request,
            timeMax: Self.timeMax,
            answerBytesMax: Self.answerBytesMax
        )
        switch await call.outcome(over: .shared) {
        case .answered(let answer): return answer
        case .tooLarge, .gaveUp:
            try Task.checkCancellation()
            throw StackError.noAnswer
        case .failed(let error): throw error
        }
    }

    /// Waits until a URL answers 200.
    package func waitFor(_ url: String) async throws {
        while true {
            if let answer = try? await call(.GET, url), answer.status == 200 { return }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// A text as one part of a path, or as a value in a query.
    package static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.isASCII,
                scalar.properties.isAlphabetic || "-._~0123456789".utf8.contains(byte)
            {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
