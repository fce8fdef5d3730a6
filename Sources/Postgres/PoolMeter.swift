internal import Measures

/// What a pool counts for metrics, beside what its state says.
///
/// The names are those of OpenTelemetry's conventions for database clients, as Prometheus spells
/// them; the shares of a pool are our own.
final class PoolMeter: Sendable {
    /// How long who got a connection waited for it.
    let waitTimes = Histogram(.requestTimes)
    /// How long it was kept.
    let useTimes = Histogram(.requestTimes)
    /// How long it took to open one.
    let openTimes = Histogram(.requestTimes)
    let failedOpenings = Counter()
    /// Who waited in vain.
    let timeouts = Counter()
    /// Who was refused at once, because too many waited.
    let refusals = Counter()

    /// Adds all of it under the pool's name.
    func fill(
        _ page: inout MetricPage,
        _ configuration: PostgresConfiguration,
        _ figures: PoolFigures
    ) {
        let pool = configuration.applicationName
        let own: MetricPage.Labels = [Self.poolLabel: pool]
        let used = figures.shares.reduce(0) { $0 + $1.leasedCount }
        let waiting = figures.shares.reduce(0) { $0 + $1.waiterCount }
        for (state, count) in [("idle", figures.idleCount), ("used", used)] {
            let labels: MetricPage.Labels = [Self.poolLabel: pool, Self.stateLabel: state]
            page.add(.connectionCount, count, labels)
        }
        page.add(.connectionMax, figures.connectionsMax, own)
        page.add(.pendingRequests, waiting, own)
        page.add(.connectionTimeouts, timeouts, own)
        page.add(.waitTime, waitTimes, own)
        page.add(.useTime, useTimes, own)
        page.add(.createTime, openTimes, own)
        page.add(.openingConnections, figures.openingCount, ["pool": pool])
        page.add(.failedConnections, failedOpenings, ["pool": pool])
        page.add(.refusedWaiters, refusals, ["pool": pool])
        page.add(.waitMax, configuration.waitMax, ["pool": pool])
        page.name(.statementMax)
        if let time = configuration.statementTimeMax {
            page.add(.statementMax, time, ["pool": pool])
        }
        for share in figures.shares {
            let labels: MetricPage.Labels = ["pool": pool, "share": share.name]
            page.add(.shareConnections, share.leasedCount, labels)
            page.add(.shareConnectionsMax, share.connectionsMax, labels)
            page.add(.shareWaiters, share.waiterCount, labels)
            page.add(.shareWaitersMax, share.waitersMax, labels)
        }
    }

    private static let poolLabel = "db_client_connection_pool_name"
    private static let stateLabel = "db_client_connection_state"
}

extension MetricFamily {
    fileprivate static let connectionCount = gauge(
        "db_client_connection_count",
        "Connections to PostgreSQL, by whether a statement uses them"
    )
    fileprivate static let connectionMax = gauge(
        "db_client_connection_max",
        "How many connections to PostgreSQL there may be"
    )
    fileprivate static let pendingRequests = gauge(
        "db_client_connection_pending_requests",
        "How many tasks wait for a connection to PostgreSQL"
    )
    fileprivate static let connectionTimeouts = counter(
        "db_client_connection_timeouts_total",
        "Tasks that waited for a connection in vain"
    )
    fileprivate static let waitTime = histogram(
        "db_client_connection_wait_time_seconds",
        "How long tasks waited for the connection that they got"
    )
    fileprivate static let useTime = histogram(
        "db_client_connection_use_time_seconds",
        "How long connections were kept, which is how long PostgreSQL took"
    )
    fileprivate static let createTime = histogram(
        "db_client_connection_create_time_seconds",
        "How long it took to open a connection"
    )
    fileprivate static let openingConnections = gauge(
        "token_ledger_pool_opening_connections",
        "Connections that are being opened"
    )
    fileprivate static let failedConnections = counter(
        "token_ledger_pool_failed_connections_total",
        "Connections that could not be opened"
    )
    fileprivate static let refusedWaiters = counter(
        "token_ledger_pool_refused_waiters_total",
        "Tasks that were refused at once, because as many waited as may"
    )
    fileprivate static let waitMax = gauge(
        "token_ledger_pool_wait_max_seconds",
        "How long a task waits for a connection before it is refused"
    )
    fileprivate static let statementMax = gauge(
        "token_ledger_pool_statement_max_seconds",
        "How long PostgreSQL works on one statement, unless the connection string says otherwise"
    )
    fileprivate static let shareConnections = gauge(
        "token_ledger_pool_share_connections",
        "Connections in use by a share of the pool"
    )
    fileprivate static let shareConnectionsMax = gauge(
        "token_ledger_pool_share_connections_max",
        "How many connections a share may have"
    )
    fileprivate static let shareWaiters = gauge(
        "token_ledger_pool_share_waiters",
        "Tasks of a share that wait for a connection"
    )
    fileprivate static let shareWaitersMax = gauge(
        "token_ledger_pool_share_waiters_max",
        "How many tasks of a share may wait"
    )
}
