internal import Logging
internal import Measures
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
    private let meter: ServerMeter
    private let untold = Mutex<Untold?>(nil)

    /// Tells of a server of this name.
    init(of server: String, meter: ServerMeter, logger: Logger) {
        self.server = server
        self.meter = meter
        self.logger = logger
    }

    /// One is cut.
    func note(_ reason: Cut) {
        meter.cuts.add(reason)
        tellSoon { $0.cuts[reason, default: 0] += 1 }
    }

    /// As many are open as may be.
    func noteFull() {
        meter.fullTimes.add()
        tellSoon { $0.fullCount += 1 }
    }

    /// What came was no request, and nobody could answer it but with 400.
    func noteMalformed() { meter.malformedRequests.add() }

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
