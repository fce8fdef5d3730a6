internal import BoundedServer
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import Logging
internal import NIOCore
internal import Traces
internal import Vault
internal import Wire

/// What travels with one request.
struct LedgerRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Names the request in answers, logs and events.
    ///
    /// Always ours: a caller's own text could hold what must not stand in an event.
    var requestID = ""
    /// The connection that it came by.
    let channel: any Channel
    /// Our part of the trace that it belongs to; nil where there is none to tell of.
    var trace: Trace?
    private var countingMeter: CallMeter?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Counts the call.
    var meter: CallMeter {
        guard let countingMeter else {
            preconditionFailure("Every route is within the middleware.")
        }
        return countingMeter
    }

    /// Begins to count the call by these limits; no forwarded header is read.
    mutating func count(by limits: CallLimits) {
        countingMeter = CallMeter(limits, address: ClientAddress(channel.remoteAddress))
    }

    /// Who is at the other end of the connection; nobody can make us believe another one by a header.
    var peer: IPAddress? { channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) } }

    /// The certificate whose key whoever is at the other end has proven to hold; nil where none was asked
    /// for or shown, or the connection is not over TLS.
    func clientCertificate() async -> CertificateThumbprint? {
        await ClientCertificate.shown(on: channel).map { CertificateThumbprint(of: $0) }
    }

    /// The path parameter, percent-decoded once.
    func pathParameter(_ name: String) throws(LedgerError) -> String {
        guard let raw = parameters.get(name) else { throw .notFound }
        return try URLText.decode(raw, of: "path")
    }

    /// On behalf of which key an event of this request is written.
    ///
    /// Only the holder of a key may name a trace, and what the record says of it is derived.
    func recordContext(key: Caller) -> RecordContext {
        RecordContext(
            keyID: key.keyID,
            requestID: requestID,
            traceparent: trace?.recorded.map(key.recordedTrace)
        )
    }

    /// For events of an app that the holder of a launch token causes; what he sent of a trace counts for
    /// nothing.
    func launchContext(of app: Identifier, _ vault: Vault) -> RecordContext {
        RecordContext(
            actor: "launch",
            requestID: requestID,
            traceparent: trace?.recorded.map { vault.traceparent($0, app: app) }
        )
    }
}

extension HTTPField.Name {
    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("not a field name") }
        return name
    }

    static let traceparent = name("traceparent")
    static let requestID = name("X-Request-Id")
    static let rateLimit = name("RateLimit")
    static let rateLimitPolicy = name("RateLimit-Policy")
    static let lastEventID = name("Last-Event-ID")
    static let accelBuffering = name("X-Accel-Buffering")
    static let idempotencyKey = name("Idempotency-Key")
    static let refresh = name("Refresh")
    /// W3C Fetch Metadata Request Headers.
    static let secFetchSite = name("Sec-Fetch-Site")
    static let frameOptions = name("X-Frame-Options")
    static let openerPolicy = name("Cross-Origin-Opener-Policy")
    static let resourcePolicy = name("Cross-Origin-Resource-Policy")
}
