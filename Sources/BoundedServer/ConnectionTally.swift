internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// What becomes of a server's connections, counted.
///
/// Floods must cost little, so one line a second tells of all that was cut in it.
final class ConnectionTally: Sendable {
    private struct Untold {
        var cuts: [Cut: Int] = [:]
        var fullCount = 0
    }

    private let server: String
    private let logger: Logger
    private let openCount: Gauge
    private let fullTimes: Counter
    private let cuts: [Cut: Counter]
    private let untold = Mutex<Untold?>(nil)

    /// Counts for a server of this name.
    init(of server: String, logger: Logger) {
        self.server = server
        self.logger = logger
        let dimensions = [("server", server)]
        openCount = Gauge(label: "ledger_connections", dimensions: dimensions)
        fullTimes = Counter(label: "ledger_full_connections", dimensions: dimensions)
        cuts = Dictionary(
            uniqueKeysWithValues: Cut.allCases.map { reason in
                let labels = dimensions + [("reason", reason.rawValue)]
                return (reason, Counter(label: "ledger_cut_connections", dimensions: labels))
            }
        )
    }

    /// So many are open now.
    func note(openCount count: Int) { openCount.record(count) }

    /// One is cut.
    func note(_ reason: Cut) {
        cuts[reason]?.increment()
        tellSoon { $0.cuts[reason, default: 0] += 1 }
    }

    /// As many are open as may be.
    func noteFull() {
        fullTimes.increment()
        tellSoon { $0.fullCount += 1 }
    }

    private func tellSoon(_ note: (inout Untold) -> Void) {
        let isFirst = untold.withLock { untold in
            var counts = untold ?? Untold()
            note(&counts)
            defer { untold = counts }
            return untold == nil
        }
        guard isFirst else { return }
        MultiThreadedEventLoopGroup.singleton.any()
            .scheduleTask(in: ServerLimits.cutsToldTime) { self.tell() }
    }

    private func tell() {
        guard let untold = untold.withLock({ $0.take() }) else { return }
        if !untold.cuts.isEmpty {
            var metadata: Logger.Metadata = ["server": "\(server)"]
            for (reason, count) in untold.cuts { metadata[reason.rawValue] = "\(count)" }
            logger.notice("connections cut", metadata: metadata)
        }
        if untold.fullCount > 0 {
            logger.warning(
                "as many connections as may be",
                metadata: ["server": "\(server)", "count": "\(untold.fullCount)"]
            )
        }
    }
}
