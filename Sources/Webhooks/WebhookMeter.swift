internal import Ledger
internal import LedgerStore
package import Measures
internal import Synchronization

/// How the delivery of webhooks does in this copy of the service.
package final class WebhookMeter: Sendable {
    /// How one endpoint does.
    struct Figures: Sendable {
        var waiting = 0
        var oldest: Timestamp?
        var pauseReason: WebhookPauseReason?
        /// How many positions of the log it was not dispatched yet.
        var behind: Int64 = 0
    }

    private let outcomes = CounterTable<WebhookOutcome>()
    private let givenUp = Counter()
    private let endpoints = Mutex<[Identifier: Figures]>([:])
    private let clock: @Sendable () -> Timestamp

    init(clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
    }

    func note(_ outcome: WebhookOutcome) { outcomes.add(outcome) }

    /// So many messages are tried no more.
    func noteGivenUp(_ count: Int) { givenUp.add(count) }

    /// Takes how an endpoint does; nil when this copy delivers to it no more.
    func note(_ endpoint: Identifier, _ figures: Figures?) {
        endpoints.withLock { $0[endpoint] = figures }
    }

    /// Adds all of it to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        let all = endpoints.withLock { Array($0.values) }
        let now = clock()
        let oldest = all.compactMap(\.oldest).min() ?? now
        page.add(.attempts, outcomes, by: "outcome")
        page.add(.givenUp, givenUp)
        page.add(.endpoints, all.count)
        for reason in WebhookPauseReason.allCases {
            page.add(
                .paused,
                all.count { $0.pauseReason == reason },
                ["reason": reason.rawValue]
            )
        }
        page.add(.waiting, all.reduce(0) { $0 + $1.waiting })
        page.add(.oldest, Double(max(0, now.microseconds - oldest.microseconds)) / 1_000_000)
        page.add(.behind, Int(all.filter { $0.pauseReason == nil }.map(\.behind).max() ?? 0))
    }
}

extension MetricFamily {
    fileprivate static let attempts = counter(
        "token_ledger_webhook_attempts_total",
        "Attempts to deliver a message to an endpoint, by what came of them"
    )
    fileprivate static let givenUp = counter(
        "token_ledger_webhook_given_up_total",
        "Messages that an endpoint refused until they were given up, while it took others"
    )
    fileprivate static let endpoints = gauge(
        "token_ledger_webhook_endpoints",
        "Endpoints that this copy delivers to"
    )
    fileprivate static let paused = gauge(
        "token_ledger_webhook_paused_endpoints",
        "Those of them that are paused, by why"
    )
    fileprivate static let waiting = gauge(
        "token_ledger_webhook_waiting_messages",
        "Messages that wait for their next attempt"
    )
    fileprivate static let oldest = gauge(
        "token_ledger_webhook_oldest_waiting_seconds",
        "For how long the oldest of them has waited"
    )
    fileprivate static let behind = gauge(
        "token_ledger_webhook_positions_behind",
        "How many positions of the log the slowest endpoint that is not paused was not dispatched yet"
    )
}
