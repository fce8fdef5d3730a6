internal import AsyncHTTPClient
internal import BoundedClient
package import Ledger
package import LedgerStore
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization
package import Vault

/// What an endpoint answered to one attempt.
package struct WebhookAnswer: Sendable {
    package let outcome: WebhookOutcome
    package let status: Int64?
    /// For how many seconds the endpoint wants to be left alone.
    package let retryAfter: Int64?

    /// Whether it says something of the message, and nothing of how the endpoint does.
    var isOfMessage: Bool { outcome == .refused && (status ?? 0) < 500 }
}

/// Sends messages to one endpoint, through connections to an address that was looked at before.
///
/// The name is looked up once for each round, and the client connects to that address and to no other, so
/// nobody can lead it elsewhere in between.
package final class WebhookSender: Sendable {
    private struct Pinned {
        let host: String
        let address: IPAddress
        let client: HTTPClient
    }

    private let addresses: WebhookAddresses
    private let attemptTimeMax: Duration
    private let lookUp: @Sendable (String) async throws -> IPAddress
    private let pinned = Mutex<Pinned?>(nil)

    /// - Parameters:
    ///   - addresses: where messages may go.
    ///   - attemptTimeMax: how long an attempt may take, up to the end of the answer.
    ///   - lookUp: gives the address of a host.
    package init(
        addresses: WebhookAddresses,
        attemptTimeMax: Duration = DeliveryLimits.attemptTimeMax,
        lookUp: @escaping @Sendable (String) async throws -> IPAddress
    ) {
        self.addresses = addresses
        self.attemptTimeMax = attemptTimeMax
        self.lookUp = lookUp
    }

    /// Looks up where the endpoint is; gives why nothing can be sent there, if so.
    ///
    /// Between two rounds only: connections to where it was before are closed.
    package func prepare(_ url: WebhookURL) async -> WebhookOutcome? {
        let address: IPAddress
        do {
            address = try await lookUp(url.host)
        } catch {
            return .unreachable
        }
        do {
            try addresses.check(address, url)
        } catch {
            return .addressRefused
        }
        let isSame = pinned.withLock { $0?.host == url.host && $0?.address == address }
        guard !isSame else { return nil }
        await close()
        var configuration = HTTPClient.Configuration.bounded(
            connectTimeMax: DeliveryLimits.connectTimeMax,
            totalTimeMax: attemptTimeMax
        )
        configuration.dnsOverride = [url.host: "\(address)"]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        pinned.withLock { $0 = Pinned(host: url.host, address: address, client: client) }
        return nil
    }

    /// Sends a message once to a URL that was prepared, with a `traceparent` if there is one.
    package func send(
        _ message: WebhookMessage,
        to url: WebhookURL,
        secrets: [WebhookSecret],
        traceparent: String? = nil,
        at time: Timestamp
    ) async -> WebhookAnswer {
        let client = pinned.withLock { $0?.host == url.host ? $0?.client : nil }
        guard let client else { return WebhookAnswer(.unreachable) }
        var request = HTTPClientRequest(url: url.text)
        request.method = .POST
        for field in message.headers(at: time, secrets: secrets) {
            request.headers.add(name: field.name, value: field.value)
        }
        if let traceparent { request.headers.add(name: "traceparent", value: traceparent) }
        request.body = .bytes(message.body)
        let call = BoundedCall(
            request,
            timeMax: attemptTimeMax,
            answerBytesMax: DeliveryLimits.answerBytesMax,
            // A short one is read, so that the connection can be used again.
            wantsBody: { _, headers in
                headers.first(name: "content-length").flatMap { Int($0) }
                    .map { $0 <= DeliveryLimits.answerBytesMax } ?? false
            }
        )
        switch await call.outcome(over: client) {
        case .answered(let answer): return WebhookAnswer(answer, at: time)
        case .tooLarge: return WebhookAnswer(.refused)
        case .gaveUp: return WebhookAnswer(.timedOut)
        case .failed(let error):
            let isTLS = error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
            return WebhookAnswer(isTLS ? .untrusted : .unreachable)
        }
    }

    /// Closes the connections.
    package func close() async {
        let old = pinned.withLock { pinned in
            defer { pinned = nil }
            return pinned?.client
        }
        try? await old?.shutdown()
    }
}

extension WebhookAnswer {
    /// There was no answer.
    package init(_ outcome: WebhookOutcome) {
        self.init(outcome: outcome, status: nil, retryAfter: nil)
    }

    fileprivate init(_ answer: HTTPAnswer, at time: Timestamp) {
        let wait = answer.headers.first(name: "retry-after")
            .flatMap { RetryAfter.seconds($0, at: time) }
        let outcome: WebhookOutcome =
            switch answer.status {
            case 200..<300: .delivered
            case 300..<400: .redirected
            case 410: .gone
            case 429: .throttled
            default: wait == nil ? .refused : .throttled
            }
        self.init(outcome: outcome, status: Int64(answer.status), retryAfter: wait)
    }
}
