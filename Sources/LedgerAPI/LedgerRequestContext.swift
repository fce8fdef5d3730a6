internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import Logging
internal import Wire

/// What travels with one request.
struct LedgerRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Names the request in answers, logs and events.
    ///
    /// Always ours: a caller's own text could hold what must not stand in an event.
    var requestID = ""

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }

    /// The path parameter, percent-decoded once.
    func pathParameter(_ name: String) throws(LedgerError) -> String {
        guard let raw = parameters.get(name), let text = PercentCoding.decode(raw.utf8) else {
            throw .malformed("The path is not percent-encoded UTF-8.")
        }
        return text
    }

    /// On behalf of which key an event of this request is written.
    ///
    /// Only the holder of a key may name a trace: from anybody else it would be text that a
    /// stranger puts into the log for ever.
    func recordContext(key: Caller, _ request: Request) -> RecordContext {
        RecordContext(
            actor: "key:" + key.keyID,
            requestID: requestID,
            traceparent: request.headers[.traceparent].flatMap(Self.validTraceparent)
        )
    }

    /// For events that the holder of a launch token causes.
    var launchContext: RecordContext { RecordContext(actor: "launch", requestID: requestID) }

    /// W3C Trace Context, version 00; nil for anything else.
    private static func validTraceparent(_ text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts.joined().utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            })
        else { return nil }
        return text
    }
}

extension HTTPField.Name {
    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("not a field name") }
        return name
    }

    static let traceparent = name("traceparent")
    static let requestID = name("X-Request-Id")
    static let idempotencyKey = name("Idempotency-Key")
    static let frameOptions = name("X-Frame-Options")
    static let referrerPolicy = name("Referrer-Policy")
}
