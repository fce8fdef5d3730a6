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
    enum Retry: Sendable {
        /// Not unless something else happens first.
        case unsaid
        /// In a moment, which `Retry-After` names.
        case soon
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

    /// The answer, which names the request.
    func response(requestID: String) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("type", "urn:token-ledger:problem:" + code)
        writer.member("title", status.reasonPhrase)
        writer.member("status", Int64(status.code))
        writer.member("code", code)
        writer.member("detail", detail)
        writer.member("request_id", requestID)
        writer.close()
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if retry == .soon { headers[.retryAfter] = "\(RequestLimits.retryAfterSeconds)" }
        if !allow.isEmpty { headers[.allow] = allow.joined(separator: ", ") }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }
}
