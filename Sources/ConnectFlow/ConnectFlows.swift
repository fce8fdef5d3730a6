package import HumanConnect
internal import Ledger
package import LedgerStore
package import Logging

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
            logger: logger
        )
    }

    /// What readiness should tell of answers that wait on disk.
    package var conditions: [ReadinessCondition] {
        let now = finalizer.store.clock.now()
        guard let (count, seconds) = try? spool.waiting(at: now) else { return [.spoolUnreadable] }
        return count > 0 ? [.answersWaiting(count: count, seconds: seconds)] : []
    }
}
