internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import NIOCore
internal import Wire

/// An error as the caller sees it: RFC 9457 `application/problem+json` with a stable `code`.
struct Problem: Sendable, Equatable {
    let status: HTTPResponse.Status
    /// Stable; programs switch on it.
    let code: String
    /// One sentence for people; never holds a value of the request.
    let detail: String
    let retry: Retry
    /// What `Allow` names.
    let allow: [String]

    /// Whether the same request may succeed later.
    enum Retry: Sendable, Equatable {
        /// Not unless something else happens first.
        case unsaid
        /// In a moment, which `Retry-After` names.
        case soon
        /// After this time, which `Retry-After` names in whole seconds.
        case after(Duration)

        /// What `Retry-After` says.
        fileprivate var seconds: Int64? {
            switch self {
            case .unsaid: nil
            case .soon: Int64(RequestLimits.retryAfterSeconds)
            case .after(let wait): max(1, (wait + .milliseconds(999)).components.seconds)
            }
        }
    }

    init(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ detail: String,
        retry: Retry = .unsaid,
        allow: [String] = []
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.retry = retry
        self.allow = allow
    }

    /// The answer, which names the request; `more` adds members of its own.
    func response(
        requestID: String,
        more: (inout JSONWriter) -> Void = { _ in }
    ) -> Response {
        Response(
            status: status,
            headers: headers,
            body: ResponseBody(
                byteBuffer: ByteBuffer(bytes: document(requestID: requestID, more: more))
            )
        )
    }

    /// The answer's fields, but for those that every answer has.
    var headers: HTTPFields {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let seconds = retry.seconds { headers[.retryAfter] = "\(seconds)" }
        if !allow.isEmpty { headers[.allow] = allow.joined(separator: ", ") }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return headers
    }

    /// The answer's body, which names the request; `more` adds members of its own.
    func document(requestID: String, more: (inout JSONWriter) -> Void = { _ in }) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("type", "urn:token-ledger:problem:" + code)
        writer.member("title", status.reasonPhrase)
        writer.member("status", Int64(status.code))
        writer.member("code", code)
        writer.member("detail", detail)
        writer.member("request_id", requestID)
        more(&writer)
        writer.close()
        return writer.bytes
    }
}
