import HTTPTypes
import Hummingbird
import HummingbirdTesting
import LedgerAPI
import NIOCore

extension TestService {
    /// Sends a request target as it is, which an HTTP client would not let through.
    func raw(
        _ method: HTTPRequest.Method,
        _ target: String,
        headers: HTTPFields = [:],
        body: [UInt8] = []
    ) async throws -> TestAnswer {
        try await api.service().test(.router) { client in
            try await client.execute(
                uri: target,
                method: method,
                headers: headers,
                body: ByteBuffer(bytes: body)
            ) { response in
                TestAnswer(
                    status: response.status.code,
                    headers: Dictionary(
                        response.headers.map { ($0.name.canonicalName, $0.value) },
                        uniquingKeysWith: { "\($0), \($1)" }
                    ),
                    bytes: Array(response.body.readableBytesView)
                )
            }
        }
    }
}
