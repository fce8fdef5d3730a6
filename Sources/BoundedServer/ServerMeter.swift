package import Measures
internal import NIOCore
internal import Synchronization

/// What is counted of a server, for metrics.
package final class ServerMeter: Sendable {
    let cuts = CounterTable<Cut>()
    /// How often somebody came when as many were there as may be.
    let fullTimes = Counter()
    /// How often something came that is no request.
    let malformedRequests = Counter()
    private let watched = Mutex<(connections: Connections, limits: ServerLimits)?>(nil)

    /// Counts nothing before it is given to a server.
    package init() {}

    /// A server has begun to count with it.
    func watch(_ connections: Connections, _ limits: ServerLimits) {
        watched.withLock { $0 = (connections, limits) }
    }

    /// Adds how the server stands, under a name for it.
    package func fill(_ page: inout MetricPage, server: String) {
        let own: MetricPage.Labels = ["server": server]
        page.add(.connectionsCut, cuts, by: "reason", own)
        page.add(.connectionsFull, fullTimes, own)
        page.add(.malformedRequests, malformedRequests, own)
        guard let (connections, limits) = watched.withLock({ $0 }) else { return }
        let figures = connections.figures
        page.add(.connections, figures.open, own)
        page.add(.connectionsMax, figures.openMax, own)
        page.add(.unreadBytes, figures.unreadBytes, own)
        page.add(.unreadBytesMax, figures.unreadBytesMax, own)
        page.add(.headerBytesMax, limits.headerBytesMax, own)
        page.add(.headerFieldsMax, limits.headerFieldsMax, own)
        for (wait, time) in [
            ("head", Duration(limits.headTimeMax)), ("request", Duration(limits.requestTimeMax)),
            ("idle", Duration(limits.idleTimeMax)), ("unread", limits.unreadTimeMax),
        ] {
            page.add(.waitMax, time, ["server": server, "wait": wait])
        }
    }
}

extension MetricFamily {
    fileprivate static let connections = gauge(
        "token_ledger_connections",
        "Open connections of callers"
    )
    fileprivate static let connectionsMax = gauge(
        "token_ledger_connections_max",
        "How many connections there may be: the limit, or as many as the system lets the process have"
    )
    fileprivate static let connectionsFull = counter(
        "token_ledger_connections_full_total",
        "How often a connection came when as many were open as may be"
    )
    fileprivate static let connectionsCut = counter(
        "token_ledger_connections_cut_total",
        "Connections that were ended, by reason: who was too slow, or made room for others"
    )
    fileprivate static let malformedRequests = counter(
        "token_ledger_malformed_requests_total",
        "What came in place of a request of HTTP/1.1, and was answered 400"
    )
    fileprivate static let unreadBytes = gauge(
        "token_ledger_unread_bytes",
        "Bytes of answers that wait for their readers"
    )
    fileprivate static let unreadBytesMax = gauge(
        "token_ledger_unread_bytes_max",
        "How many bytes of answers may wait; beyond that the reader who took none for the longest is cut"
    )
    fileprivate static let headerBytesMax = gauge(
        "token_ledger_header_bytes_max",
        "How many bytes the head of a request may have"
    )
    fileprivate static let headerFieldsMax = gauge(
        "token_ledger_header_fields_max",
        "How many header fields a request may have"
    )
    fileprivate static let waitMax = gauge(
        "token_ledger_caller_wait_max_seconds",
        "How long callers are waited for: head, whole request, next request, and a reader's progress"
    )
}
