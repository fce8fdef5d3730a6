internal import HTTPTypes
internal import Logging
internal import Measures
internal import Synchronization

/// Lets a few lines a second tell of refusals, and counts the others: who is refused comes again, and
/// a flood of refusals must not become one of the log.
final class RefusalLines: Sendable {
    private struct State {
        var second = ContinuousClock.now
        var written = 0
        var left: [Int: Int] = [:]
    }

    private let state = Mutex(State())
    private let leftOut = Counter()
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// Whether an answer of this status has its lines; at a new second what was left out is told first.
    func admits(_ status: HTTPResponse.Status, at now: ContinuousClock.Instant = .now) -> Bool {
        guard Self.refusals.contains(status.code) else { return true }
        let (admits, left) = state.withLock { state in
            var left: [Int: Int] = [:]
            if state.second + .seconds(1) <= now {
                swap(&left, &state.left)
                state.second = now
                state.written = 0
            }
            let admits = state.written < RequestLimits.refusalLinesMax
            if admits {
                state.written += 1
            } else {
                state.left[status.code, default: 0] += 1
                leftOut.add()
            }
            return (admits, left)
        }
        for (code, count) in left.sorted(by: { $0.key < $1.key }) {
            logger.notice(
                "lines of refusals left out",
                metadata: ["status": "\(code)", "count": "\(count)"]
            )
        }
        return admits
    }

    /// Adds what was left out to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.linesLeftOut, leftOut)
        page.add(.linesMax, RequestLimits.refusalLinesMax)
    }

    /// What is answered to whoever shows no valid key, comes too often, or comes when too many do.
    private static let refusals: Set = [401, 404, 429, 503]
}

extension MetricFamily {
    fileprivate static let linesLeftOut = counter(
        "token_ledger_refusal_lines_left_out_total",
        "Refusals that have no line of their own in the log, because too many came in a second"
    )
    fileprivate static let linesMax = gauge(
        "token_ledger_refusal_lines_max",
        "How many refusals a second have lines of their own"
    )
}
