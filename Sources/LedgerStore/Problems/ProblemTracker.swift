internal import Ledger
package import Logging
package import Measures
internal import ServiceLifecycle
internal import Synchronization

/// Keeps the problems as the log tells them, behind the append
/// (docs/decisions/0062-a-problem-is-a-fold.md).
///
/// Runs in every copy of the service. Who writes first moves the position on, and the others read anew.
package final class ProblemTracker: Service {
    private struct Figures {
        var counts: [ProblemCount] = []
        /// How many positions of the logs were not folded yet.
        var behind: Int64 = 0
        /// From when on it is asked again although nothing was folded here: another copy may have.
        var askedAgain = ContinuousClock.now
        /// Whether the last look could not fold.
        var isStuck = false
    }

    private let store: LedgerStore
    private let logger: Logger
    private let figures = Mutex(Figures())

    /// Keeps the problems of a store.
    package init(store: LedgerStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Looks at once, and then periodically, until the graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                try? await Task.sleep(for: StoreLimits.problemPause)
            }
        }
    }

    /// Folds what has come; what cannot be folded now is folded the next time.
    func look() async {
        var stuck: StoreError?
        for log in store.logs.list(.facts) {
            // What keeps one log from it keeps no other.
            do { try await look(log) } catch { stuck = error }
        }
        guard !Task.isCancelled else { return }
        tell(isStuck: stuck)
        // How far it is behind is what says so to others.
        if stuck != nil { try? await measure() }
    }

    private func look(_ log: Log) async throws(StoreError) {
        while !Task.isCancelled {
            let step = try await store.foldProblems(log)
            let isDue = figures.withLock { $0.askedAgain <= .now }
            if step != .nothing || isDue { try await measure() }
            if step == .nothing || step == .atEnd { return }
        }
    }

    /// Says once that it is stuck, and once that it goes on.
    private func tell(isStuck error: StoreError?) {
        let wasStuck = figures.withLock { figures in
            defer { figures.isStuck = error != nil }
            return figures.isStuck
        }
        switch (error, wasStuck) {
        case (let error?, false):
            logger.error("problems are not folded", metadata: ["error": "\(error)"])
        case (nil, true): logger.notice("problems are folded again")
        default: break
        }
    }

    private func measure() async throws(StoreError) {
        var behind: Int64 = 0
        for log in store.logs.list(.facts) {
            let (next, size) = try await store.problemProgress(log)
            behind += max(0, size - next)
        }
        let counts = try await store.problemCounts(of: nil)
        figures.withLock { figures in
            figures.counts = counts
            figures.behind = behind
            figures.askedAgain = .now + StoreLimits.problemCountPause
        }
    }

    /// Adds how many problems there are to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        let figures = figures.withLock { $0 }
        for kind in ProblemKind.allCases {
            for state in [TrackedProblem.State.open, .muted] {
                let count = figures.counts.first { $0.kind == kind && $0.state == state }?.count
                page.add(
                    .problems,
                    Int(count ?? 0),
                    ["kind": kind.rawValue, "state": state.rawValue]
                )
            }
        }
        page.add(.behind, Int(figures.behind))
    }
}

extension MetricFamily {
    fileprivate static let problems = gauge(
        "token_ledger_problems",
        "Problems of all apps that are open or muted, by kind and state"
    )
    fileprivate static let behind = gauge(
        "token_ledger_problem_positions_behind",
        "How many positions of the logs of facts were not folded into problems yet"
    )
}
