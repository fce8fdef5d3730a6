package import HumanConnect
package import Ledger
package import LedgerStore
package import Logging
internal import Vault

/// Trades a finished session for tokens: at most one exchange, exactly one recorded outcome
/// (docs/design.md#finalize).
///
/// What is done in which order, and how often, is `FinalizeState`'s to say; this only does it.
package struct Finalizer: Sendable {
    let store: LedgerStore
    private let provider: HumanConnectClient
    private let logger: Logger

    package init(store: LedgerStore, provider: HumanConnectClient, logger: Logger) {
        self.store = store
        self.provider = provider
        self.logger = logger
    }

    /// Finalizes, or answers what the first finish of the session led to.
    ///
    /// Answers the public token as of that finalize.
    package func finish(
        _ launch: Launch,
        with object: SessionTokenObject,
        context: RecordContext
    ) async throws(ConnectError) -> Secret {
        try await ConnectError.sorting {
            try await run(try await finalize(launch, object, context), from: FinalizeState())
        }
    }

    /// Checks what can be checked without leaving a trace.
    private func finalize(
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ context: RecordContext
    ) async throws -> Finalize {
        guard object.clientID == launch.app.clientID else { throw FinishError.clientIDMismatch }
        let user = try await launch.user(in: store)
        // A backend that relays may name its own session's user; it must be the launched one
        // (docs/threats.md#t1).
        if let named = object.clientUserID,
            try store.value(.clientUserID, of: user) != Secret(named)
        {
            throw FinishError.differentPerson
        }
        let app = launch.app.id
        return Finalize(
            launch: launch,
            user: user,
            app: try launch.app.provider,
            finish: LedgerEvent.Finish(
                finalize: store.clock.identifier(),
                launch: launch.data.launch,
                session: store.vault.fingerprint(.session, of: object.sessionToken, app: app),
                human: store.vault.fingerprint(.human, of: object.humanID, app: app)
            ),
            object: object,
            context: context
        )
    }

    /// Does what is to be done next, from wherever the finalize is, until there is a result.
    func run(_ finalize: Finalize, from state: FinalizeState) async throws -> Secret {
        var finalize = finalize
        var state = state
        var action = state.action
        while true {
            switch action {
            case .askWhoWasFirst:
                action = state.compared(try await standing(of: &finalize))
            case .receive:
                action = try await receive(finalize, &state)
            case .dispatch(let number):
                let isOurs = try await dispatch(number, finalize)
                action = isOurs ? state.dispatched() : state.dispatchLost()
            case .exchange:
                action = await exchange(finalize, &state)
            case .record(let result):
                action = await record(result, finalize, &state)
            case .askOutcome:
                action = state.found(try await progress(of: finalize))
            case .pause(let duration, _):
                try? await Task.sleep(for: duration)
                action = state.paused(isCancelled: Task.isCancelled)
            case .end(let result):
                return try result.get()
            }
        }
    }
}

// MARK: Writing

extension Finalizer {
    /// Makes the intent durable.
    ///
    /// The unique fingerprints of session and launch decide who is first.
    private func receive(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async throws -> FinalizeState.Action {
        // A refused finish has left no trace, so its session can be sent again.
        if case .refused(let wait) = provider.admission(for: finalize.app) {
            throw ConnectError.providerUnavailable(retryAfter: wait)
        }
        let app = finalize.launch.app
        switch try await store.change(finalize.user, of: app, decide: finalize.receipt) {
        case .written(let user, _):
            return finalize.open(in: user) == nil ? state.refused() : state.received()
        case .claimed:
            return state.claimed()
        case .repeated, .conflict, nil:
            throw StoreError.conflict
        }
    }

    /// Makes "the POST is about to be sent" durable; false when somebody else has this number.
    private func dispatch(_ number: Int64, _ finalize: Finalize) async throws -> Bool {
        let user = try await finalize.launch.user(in: store)
        let outcome = try await store.change(user, of: finalize.launch.app) { user in
            finalize.dispatch(number, of: user)
        }
        switch outcome {
        case .written: return true
        case .repeated, .claimed, .conflict, nil: return false
        }
    }

    /// Sends the one POST.
    private func exchange(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async -> FinalizeState.Action {
        do throws(HumanConnectError) {
            return state.answered(try await provider.exchange(finalize.object, for: finalize.app))
        } catch {
            if case .notSent(let reason) = error {
                logger.warning("exchange not sent", metadata: ["reason": "\(reason)"])
            }
            return state.exchangeFailed(error)
        }
    }

    /// Makes durable what came of the exchange; what is decided, is decided on the user as it is.
    private func record(
        _ result: ExchangeResult,
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async -> FinalizeState.Action {
        do {
            let user = try await finalize.launch.user(in: store)
            var decided = FinalizeOutcome.unresolved
            let outcome = try await store.change(user, of: finalize.launch.app) { user in
                let (change, outcome) = try finalize.recording(result, of: user, store)
                decided = outcome
                return change
            }
            switch (outcome, result) {
            case (.written, _): return state.recorded(decided)
            case (.claimed(.human), .answered): return state.humanTaken()
            case (.repeated, _), (.claimed, _), (.conflict, _), (nil, _):
                return state.recordedBefore()
            }
        } catch {
            let isCancelled = Task.isCancelled
            let action = state.recordingFailed(ConnectError(error), isCancelled: isCancelled)
            if case .end = action {
                let tries = state.recordFailures
                logger.critical("outcome not recorded", metadata: ["tries": "\(tries)"])
            }
            return action
        }
    }
}
