package import HumanConnect
internal import Ledger
package import LedgerStore
package import Logging
package import Measures
package import Traces

/// Everything that launches lead to, over one store, one provider and one spool.
package struct ConnectFlows: Sendable {
    package let launcher: Launcher
    package let reports: LaunchReports
    package let finalizer: Finalizer
    package let recovery: PublicTokenRecovery
    package let spool: AnswerSpool
    /// Must run as long as finishes are accepted.
    package let settler: FinalizeSettler

    package init(
        store: LedgerStore,
        provider: HumanConnectClient,
        spool: AnswerSpool,
        tracing: Tracing = .off,
        logger: Logger
    ) {
        self.spool = spool
        recovery = PublicTokenRecovery(
            store: store,
            provider: provider,
            userList: ProviderUserList(provider: provider, logger: logger)
        )
        launcher = Launcher(store: store, recovery: recovery, logger: logger)
        reports = LaunchReports(store: store)
        finalizer = Finalizer(store: store, provider: provider, spool: spool, logger: logger)
        settler = FinalizeSettler(
            store: store,
            finalizer: finalizer,
            recovery: recovery,
            tracing: tracing,
            logger: logger
        )
    }

    /// Adds how finalizes do, and what waits on disk, to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        finalizer.meter.fill(&page)
        page.name(.spoolAnswers)
        page.name(.spoolOldest)
        // Of a folder that cannot be read nobody knows what is in it; `spool_unreadable` says so.
        guard let (count, seconds) = try? spool.waiting(at: finalizer.store.clock.now()) else {
            return
        }
        page.add(.spoolAnswers, count)
        page.add(.spoolOldest, Int(seconds))
    }

    /// What readiness should tell of answers that wait on disk.
    package var conditions: [ReadinessCondition] {
        let now = finalizer.store.clock.now()
        guard let (count, seconds) = try? spool.waiting(at: now) else { return [.spoolUnreadable] }
        return count > 0 ? [.answersWaiting(count: count, seconds: seconds)] : []
    }
}

extension MetricFamily {
    fileprivate static let spoolAnswers = gauge(
        "token_ledger_spool_answers",
        "Answers of the provider that wait on disk to be recorded"
    )
    fileprivate static let spoolOldest = gauge(
        "token_ledger_spool_oldest_seconds",
        "For how long the oldest answer has waited on disk"
    )
}
