internal import NIOHTTP1
internal import Wire

/// Why the service refused: a problem document (RFC 9457).
public struct LedgerProblem: Sendable {
    /// The status of the answer; 202 where a finish has no certain outcome.
    public let status: Int
    /// What to switch on.
    public let code: ProblemCode
    /// For people.
    public let detail: String
    /// By which the operator finds the call in the log; nil only where something in between has
    /// taken it away.
    public let requestID: String?
    /// How long to wait before the same call is worth another try; nil where it is not, or nobody
    /// knows.
    public let retryAfter: Duration?
    /// The answer's body as it came, to hand it on to a page (`application/problem+json`).
    public let body: [UInt8]

    /// Problems are flat.
    private static let depthMax = 8

    /// Nil where the answer is no problem document.
    init?(_ status: Int, _ headers: HTTPHeaders, _ body: [UInt8]) {
        let type = headers.first(name: "content-type") ?? ""
        guard type.hasPrefix("application/problem+json"),
            let json = try? JSONParser.parse(body, depthMax: Self.depthMax),
            let code = json["code"]?.text
        else { return nil }
        self.status = status
        self.code = ProblemCode(rawValue: code)
        detail = json["detail"]?.text ?? ""
        requestID = json["request_id"]?.text
        retryAfter = headers.retryAfter
        self.body = body
    }
}

extension LedgerProblem: CustomStringConvertible {
    /// The problem in a line; it holds no token and no user's id.
    public var description: String {
        "\(status) \(code.rawValue) (request \(requestID ?? "unknown")): \(detail)"
    }
}

extension HTTPHeaders {
    /// The header `Retry-After`, in its form of seconds.
    var retryAfter: Duration? {
        first(name: "retry-after").flatMap { Int64($0) }.flatMap {
            (0...Self.retrySecondsMax).contains($0) ? .seconds($0) : nil
        }
    }

    /// Whoever is sent away for longer than a day is told no time.
    private static let retrySecondsMax: Int64 = 86_400
}
