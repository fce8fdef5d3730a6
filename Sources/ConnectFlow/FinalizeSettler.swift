#if CRASH_POINTS
internal import CrashPoints
#endif
internal import HumanConnect
package import Ledger
package import LedgerStore
package import Logging
internal import ServiceLifecycle
package import Traces
internal import Vault

/// Brings to an end what nobody else does any more: finalizes that a crash, a lost answer or an
/// outage has left behind, and answers that wait on disk (docs/design.md#finalize).
///
/// Safe in several copies at once: event ids decide who is first, and every call that it makes to
/// the provider may be made twice, but for the exchange, which the dispatch guards.
package struct FinalizeSettler: Service {
    private let store: LedgerStore
    private let finalizer: Finalizer
    private let recovery: PublicTokenRecovery
    private let tracing: Tracing
    private let logger: Logger
    /// What it does is nobody's request.
    private let context = RecordContext(actor: "service")

    /// The same within a trace.
    private func context(of app: StoredApp) -> RecordContext {
        let trace = Trace.current?.recorded
        return RecordContext(
            actor: "service",
            traceparent: trace.map { store.vault.traceparent($0, app: app.id) }
        )
    }

    package init(
        store: LedgerStore,
        finalizer: Finalizer,
        recovery: PublicTokenRecovery,
        tracing: Tracing,
        logger: Logger
    ) {
        self.store = store
        self.finalizer = finalizer
        self.recovery = recovery
        self.tracing = tracing
        self.logger = logger
    }

    /// Looks at once, and then periodically, until the graceful shutdown.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await repeating(FlowLimits.drainPause) {
                    await tellUnsent()
                    await drain()
                }
            }
            group.addTask {
                await repeating(FlowLimits.settlePause) { await settle(at: store.clock.now()) }
            }
        }
    }

    /// What has begun is brought to an end; only the pauses are cut short by a shutdown.
    private func repeating(
        _ pause: Duration,
        _ body: @escaping @Sendable () async -> Void
    ) async {
        while !isEnding {
            await body()
            await cancelWhenGracefulShutdown {
                // Several copies that were started together need not ask together for ever.
                try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
            }
        }
    }

    private var isEnding: Bool { Task.isCancelled || Task.isShuttingDownGracefully }
}

// MARK: Answers on disk

extension FinalizeSettler {
    /// Records the answers that wait on disk.
    package func drain() async {
        guard let entries = try? finalizer.spool.entries() else {
            return logger.error("the spool folder cannot be read")
        }
        for entry in entries where !isEnding {
            do {
                try await drain(entry.finalize)
            } catch StoreError.erased {
                finalizer.spool.remove(entry.finalize)
                logger.notice("an answer on disk was for a user who was erased; it is removed")
            } catch {
                logger.warning("answer waits on disk", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Says of dispatches whose outcome was unknown that nothing was sent under them.
    ///
    /// Before others think that their worker is lost: that would be the end of their sessions.
    package func tellUnsent() async {
        for dispatch in finalizer.unsent.all where !isEnding {
            do {
                let isTold = try await finalizer.tell(dispatch, context: context)
                if isTold { finalizer.unsent.remove(dispatch) }
            } catch StoreError.erased {
                finalizer.unsent.remove(dispatch)
            } catch {
                // The database is still away; others say so.
                return
            }
        }
    }

    private func drain(_ id: Identifier) async throws {
        guard let sealed = finalizer.spool.read(id) else { return }
        guard let (finalize, user) = try await finalizer.kept(id, context: context),
            let text = try? store.open(sealed, .providerAnswer, of: user),
            let kept = KeptAnswer(text), kept.finalize == id
        else {
            finalizer.spool.setAside(id)
            return logger.error(
                "an answer on disk belongs to no finalize of this database; it is set aside",
                metadata: ["finalize": "\(id)"]
            )
        }
        #if CRASH_POINTS
        CrashPoint.settling.reach()
        #endif
        try await ended { try await finalizer.run(finalize, from: .init(recording: kept.result)) }
        #if CRASH_POINTS
        CrashPoint.settling.reach()
        #endif
        finalizer.spool.remove(id)
        logger.notice("answer on disk recorded", metadata: ["finalize": "\(id)"])
    }
}

// MARK: Finalizes

extension FinalizeSettler {
    /// Looks after every finalize that is due at a time.
    package func settle(at now: Timestamp) async {
        var after: UnsettledUser?
        var round = FinalizeMeter.Round()
        repeat {
            guard !isEnding,
                let page = try? await store.unsettledUsers(
                    by: now,
                    after: after,
                    limit: FlowLimits.settlePageMax
                )
            else { break }
            let (failed, late) = await settle(page, at: now)
            round.due += page.count
            round.failed += failed
            round.old += late
            after = page.count < FlowLimits.settlePageMax ? nil : page.last
        } while after != nil
        finalizer.meter.note(round)
        // One line for all of them: there may be thousands while the provider is away.
        guard round.failed > 0 else { return }
        logger.log(
            level: round.old > 0 ? .error : .warning,
            "finalizes are not settled yet",
            metadata: ["users": "\(round.failed)", "for_ten_minutes": "\(round.old)"]
        )
    }

    /// Gives how many users have a finalize that could not be settled, and how many of those are
    /// older than the operator would expect.
    private func settle(
        _ page: [UnsettledUser],
        at now: Timestamp
    ) async -> (failed: Int, old: Int) {
        await withTaskGroup(of: (Int, Int).self) { group in
            let share = (page.count + FlowLimits.settlersMax - 1) / FlowLimits.settlersMax
            for start in stride(from: 0, to: page.count, by: max(share, 1)) {
                let part = page[start..<min(start + share, page.count)]
                group.addTask {
                    var counts = (0, 0)
                    for unsettled in part where !isEnding {
                        guard let begin = await settle(unsettled, now) else { continue }
                        counts.0 += 1
                        let limit = begin.adding(seconds: FlowLimits.unsettledSeconds)
                        if limit <= now { counts.1 += 1 }
                    }
                    return counts
                }
            }
            return await group.reduce(into: (0, 0)) { sum, counts in
                sum = (sum.0 + counts.0, sum.1 + counts.1)
            }
        }
    }

    /// Settles one user's finalizes; gives when the one was received that could not be, for it stays
    /// due and is looked after again.
    private func settle(_ unsettled: UnsettledUser, _ now: Timestamp) async -> Timestamp? {
        var begin = now
        do {
            guard let app = try await store.app(unsettled.app),
                let user = try await store.user(subject: unsettled.subject, of: app)
            else { return nil }
            for open in user.state.openFinalizes {
                begin = open.receivedAt
                try await settle(open, user, app, now)
            }
            return nil
        } catch {
            logger.debug("finalize not settled yet", metadata: ["error": "\(error)"])
            return begin
        }
    }

    private func settle(
        _ open: SubjectState.OpenFinalize,
        _ user: StoredUser,
        _ app: StoredApp,
        _ now: Timestamp
    ) async throws {
        let step = SettleStep(open, at: now)
        guard step != .wait else { return }
        try await tracing.run("settle finalize", failure: Self.failure) {
            try await take(step, open, app)
        }
    }

    /// The class of what keeps a finalize from being settled: whoever is away, or the rest.
    private static func failure(_ error: any Error) -> String {
        switch error {
        case ConnectError.providerUnavailable: "provider_unavailable"
        case is StoreError: "store"
        default: "_OTHER"
        }
    }

    private func take(
        _ step: SettleStep,
        _ open: SubjectState.OpenFinalize,
        _ app: StoredApp
    ) async throws {
        let context = context(of: app)
        guard let (finalize, user) = try await finalizer.kept(open.finalize, context: context)
        else { return }
        switch step {
        case .wait: break
        case .carryOn: try await carryOn(open, finalize, user)
        case .markLost:
            try await write(finalize, user) { finalize.loss(of: $0) }
            try await ask(finalize, user, app)
        case .ask: try await ask(finalize, user, app)
        case .abandon(let reason): try await abandon(reason, finalize, user)
        }
    }

    /// Sends what was never sent; what comes of it is on record, whatever it is.
    private func carryOn(
        _ open: SubjectState.OpenFinalize,
        _ finalize: Finalize,
        _ user: StoredUser
    ) async throws {
        guard finalize.object != nil else {
            return try await abandon(.neverSent, finalize, user)
        }
        try finalizer.admit(finalize)
        #if CRASH_POINTS
        CrashPoint.settling.reach()
        #endif
        try await ended {
            try await finalizer.run(finalize, from: FinalizeState(settling: FinalizeProgress(open)))
        }
    }

    /// Does what leads to an outcome; whatever that is, it is on record then.
    private func ended(_ body: () async throws -> Secret) async throws {
        do {
            _ = try await body()
        } catch ConnectError.finish {
            // How it ended, or that somebody else is at work.
        }
    }

    /// Asks for the public token of whom the provider is known to have, then ends it: the access
    /// token of a lost answer cannot be asked for, and the next launch brings a new one.
    private func ask(_ finalize: Finalize, _ user: StoredUser, _ app: StoredApp) async throws {
        #if CRASH_POINTS
        CrashPoint.settling.reach()
        #endif
        do throws(ConnectError) {
            if user.state.human != nil {
                _ = try await recovery.recover(user, of: app, context: context(of: app))
            } else if app.appKey != nil {
                _ = try await recovery.find(user, of: app, context: context(of: app))
            }
        } catch {
            // While the provider is away it stays as it is; any other answer is definite.
            if error.isPassing { throw error }
            if case .providerUnavailable = error { throw error }
        }
        try await abandon(.answerLost, finalize, user)
    }

    private func abandon(
        _ reason: AbandonReason,
        _ finalize: Finalize,
        _ user: StoredUser
    ) async throws {
        try await write(finalize, user) { finalize.abandonment(reason, of: $0) }
        finalizer.meter.note(reason)
        logger.notice(
            "finalize abandoned",
            metadata: ["finalize": "\(finalize.finish.finalize)", "reason": "\(reason.rawValue)"]
        )
    }

    private func write(
        _ finalize: Finalize,
        _ user: StoredUser,
        _ decide: (StoredUser) throws -> Change?
    ) async throws {
        #if CRASH_POINTS
        CrashPoint.settling.reach()
        #endif
        _ = try await store.change(user, of: finalize.launch.app, decide: decide)
    }
}
