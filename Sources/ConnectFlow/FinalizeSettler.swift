internal import HumanConnect
package import Ledger
package import LedgerStore
package import Logging
internal import ServiceLifecycle
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
    private let logger: Logger
    /// What it does is nobody's request.
    private let context = RecordContext(actor: "service")

    package init(
        store: LedgerStore,
        finalizer: Finalizer,
        recovery: PublicTokenRecovery,
        logger: Logger
    ) {
        self.store = store
        self.finalizer = finalizer
        self.recovery = recovery
        self.logger = logger
    }

    /// Looks at once, and then periodically, until the graceful shutdown.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await repeating(FlowLimits.drainPause) { await drain() } }
            group.addTask {
                await repeating(FlowLimits.settlePause) { await settle(at: store.clock.now()) }
            }
        }
    }

    private func repeating(
        _ pause: Duration,
        _ body: @escaping @Sendable () async -> Void
    ) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await body()
                // Several copies that were started together need not ask together for ever.
                try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
            }
        }
    }
}

// MARK: Answers on disk

extension FinalizeSettler {
    /// Records the answers that wait on disk.
    package func drain() async {
        do {
            for entry in try finalizer.spool.entries() {
                if Task.isCancelled { return }
                try await drain(entry.finalize)
            }
        } catch {
            logger.warning("answers wait on disk", metadata: ["error": "\(error)"])
        }
    }

    private func drain(_ id: Identifier) async throws {
        guard let sealed = finalizer.spool.read(id) else { return }
        guard let (finalize, user) = try await finalize(id),
            let text = try? store.open(sealed, .providerAnswer, of: user),
            let kept = KeptAnswer(text), kept.finalize == id
        else {
            return logger.error(
                "an answer on disk belongs to no finalize of this database",
                metadata: ["finalize": "\(id)"]
            )
        }
        try await ended { try await finalizer.run(finalize, from: .init(recording: kept.result)) }
        finalizer.spool.remove(id)
        logger.notice("answer on disk recorded", metadata: ["finalize": "\(id)"])
    }

    /// A finalize as its first event tells it; nil when there is none.
    private func finalize(_ id: Identifier) async throws -> (Finalize, StoredUser)? {
        guard let stored = try await store.event(id: id),
            case .finishReceived(let finish) = try stored.record().event
        else { return nil }
        let launch = try await Launch(finish.launch, store: store)
        let user = try await launch.user(in: store)
        return (try await finalize(finish, launch, user), user)
    }

    /// Without the session, where that was dropped: enough to record what came of it.
    private func finalize(
        _ finish: LedgerEvent.Finish,
        _ launch: Launch,
        _ user: StoredUser
    ) async throws -> Finalize {
        let received = user.state.openFinalizes.first { $0.finalize == finish.finalize }?.received
        var session: Secret?
        var human: Secret?
        if let received {
            session = try await store.value(.sessionToken, version: received, of: user)
            human = try await store.value(.claimedHumanID, version: received, of: user)
        }
        if human == nil, user.state.human == finish.human {
            human = try store.value(.humanID, of: user)
        }
        var object: SessionTokenObject?
        if let session, let human {
            object = SessionTokenObject(
                humanID: human,
                clientID: launch.app.clientID,
                sessionToken: session
            )
        }
        return Finalize(
            launch: launch,
            user: user,
            app: try launch.app.provider,
            finish: finish,
            object: object,
            context: context
        )
    }
}

// MARK: Finalizes

extension FinalizeSettler {
    /// Looks after every finalize that is due at a time.
    package func settle(at now: Timestamp) async {
        var after: UnsettledUser?
        repeat {
            guard !Task.isCancelled,
                let page = try? await store.unsettledUsers(
                    by: now,
                    after: after,
                    limit: FlowLimits.settlePageMax
                )
            else { return }
            await settle(page, at: now)
            after = page.count < FlowLimits.settlePageMax ? nil : page.last
        } while after != nil
    }

    private func settle(_ page: [UnsettledUser], at now: Timestamp) async {
        await withDiscardingTaskGroup { group in
            let share = (page.count + FlowLimits.settlersMax - 1) / FlowLimits.settlersMax
            for start in stride(from: 0, to: page.count, by: max(share, 1)) {
                let part = page[start..<min(start + share, page.count)]
                group.addTask {
                    for unsettled in part where !Task.isCancelled { await settle(unsettled, now) }
                }
            }
        }
    }

    private func settle(_ unsettled: UnsettledUser, _ now: Timestamp) async {
        do {
            guard let app = try await store.app(unsettled.app),
                let user = try await store.user(
                    subject: unsettled.subject,
                    log: unsettled.log,
                    of: app
                )
            else { return }
            for open in user.state.openFinalizes {
                try await settle(open, user, app, now)
            }
        } catch {
            // It stays due, so it is looked after again.
            logger.warning("finalize not settled yet", metadata: ["error": "\(error)"])
        }
    }

    private func settle(
        _ open: SubjectState.OpenFinalize,
        _ user: StoredUser,
        _ app: StoredApp,
        _ now: Timestamp
    ) async throws {
        let step = SettleStep(open, at: now)
        guard step != .wait, let (finalize, user) = try await finalize(open.finalize) else {
            return
        }
        if open.receivedAt.adding(seconds: FlowLimits.unsettledSeconds) <= now {
            logger.error("finalize still open", metadata: ["finalize": "\(open.finalize)"])
        }
        switch step {
        case .wait: break
        case .carryOn: try await carryOn(open, finalize, user)
        case .markLost: try await write(finalize, user) { finalize.loss(of: $0) }
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
        try await ended {
            try await finalizer.run(finalize, from: FinalizeState(at: FinalizeProgress(open)))
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
        do throws(ConnectError) {
            if user.state.human != nil {
                _ = try await recovery.recover(user, of: app, context: context)
            } else if app.appKey != nil {
                _ = try await recovery.find(user, of: app, context: context)
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
        _ = try await store.change(user, of: finalize.launch.app, decide: decide)
    }
}
