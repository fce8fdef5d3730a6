internal import HumanConnect
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Vault

extension Finalizer {
    /// Makes durable what came of the exchange; what is decided, is decided on the user as it is.
    ///
    /// When that fails, the provider's answer is kept on disk: it cannot be asked for again
    /// (docs/threats.md#f33).
    func record(
        _ result: ExchangeResult,
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async -> FinalizeState.Action {
        do {
            let action = try await write(result, finalize, &state)
            if state.recordFailures > 0 { spool.remove(finalize.finish.finalize) }
            return action
        } catch StoreError.erased {
            // Nobody's tokens any more: the answer goes with the user's key
            // (docs/decisions/0045-what-an-erasure-leaves.md).
            spool.remove(finalize.finish.finalize)
            logger.notice("an answer came for a user who was erased; it is not kept")
            return .end(.failure(.launchNotFound))
        } catch {
            // What the provider has not said is found again by whoever looks after the finalize.
            let isKept =
                result.spelled(for: finalize.finish.finalize) == nil || keep(result, of: finalize)
            let action = state.recordingFailed(
                ConnectError(error),
                isKept: isKept,
                isCancelled: Task.isCancelled
            )
            if case .end = action, !isKept {
                let tries = state.recordFailures
                logger.critical("outcome not recorded", metadata: ["tries": "\(tries)"])
            }
            return action
        }
    }

    /// Writes it, or finds that it was written.
    private func write(
        _ result: ExchangeResult,
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async throws -> FinalizeState.Action {
        let user = try await finalize.launch.user(in: store)
        let result = try await named(result, of: finalize, user)
        var decided = FinalizeOutcome.unresolved
        let outcome = try await store.change(user, of: finalize.launch.app) { user in
            guard let (change, outcome) = try finalize.recording(result, of: user, store) else {
                return nil
            }
            decided = outcome
            return change
        }
        switch (outcome, result) {
        case (.written, _):
            meter.note(decided)
            return state.recorded(decided)
        case (.claimed(.human), .answered):
            return state.humanTaken()
        case (.repeated, .answered(let answer)), (nil, .answered(let answer)):
            try await supersede(answer, finalize)
            return state.recordedBefore()
        case (.repeated, _), (.claimed, _), (.conflict, _), (nil, _):
            return state.recordedBefore()
        }
    }

    /// An answer that names no user, with the user whom the provider's application API names for its
    /// person, where somebody new is to be linked and nothing else binds them (docs/threats.md#t2).
    ///
    /// Throws `providerUnavailable` while that cannot be asked, but not for long: whoever is refused
    /// connects again, and the next answer is another one.
    private func named(
        _ result: ExchangeResult,
        of finalize: Finalize,
        _ user: StoredUser
    ) async throws(ConnectError) -> ExchangeResult {
        guard case .answered(let answer) = result, answer.clientUserID == nil,
            user.state.human == nil, finalize.finish.binding == .none,
            !finalize.launch.app.policies.contains(.unnamedAccepted), finalize.app.appKey != nil
        else { return result }
        do {
            let listed = try await provider.user(humanID: answer.humanID, of: finalize.app)
            guard case .person(_, let clientUserID) = listed else { return result }
            return .answered(answer.naming(clientUserID))
        } catch {
            switch error {
            // It has answered, and does not say whom it means.
            case .rejected, .unknown(.differentHuman), .unknown(.missingField),
                .unknown(.invalidField):
                return result
            case .notSent, .unknown:
                let begin = finalize.open(in: user)?.receivedAt ?? store.clock.now()
                guard store.clock.now() < begin.adding(seconds: FlowLimits.namingSeconds) else {
                    return result
                }
                throw ConnectError(error)
            }
        }
    }

    /// Another outcome is on record, or newer tokens: unless these tokens came with them, it is
    /// recorded that this answer came as well.
    ///
    /// No answer is dropped without a word.
    private func supersede(_ answer: TokenAnswer, _ finalize: Finalize) async throws {
        let user = try await finalize.launch.user(in: store)
        let app = finalize.launch.app
        let tokens = [
            store.vault.fingerprint(.accessToken, of: answer.accessToken, app: app.id),
            store.vault.fingerprint(.publicToken, of: answer.publicToken, app: app.id),
        ]
        var known: Set<Fingerprint> = []
        var pages = store.pages(of: user)
        while let page = try await pages.next() {
            for event in page {
                for token in try event.genuineRecord()?.event.issuedTokens ?? [] {
                    known.insert(token.fingerprint)
                }
            }
        }
        guard !known.isSuperset(of: tokens) else { return }
        _ = try await store.change(user, of: app) { _ in
            finalize.superseded(accessToken: tokens[0], publicToken: tokens[1])
        }
    }

    /// Keeps an answer of the provider on disk; false when it could not be, or there is none.
    private func keep(_ result: ExchangeResult, of finalize: Finalize) -> Bool {
        guard let answer = result.spelled(for: finalize.finish.finalize) else { return false }
        do {
            let sealed = try store.seal(answer, .providerAnswer, of: finalize.user)
            try spool.keep(sealed, of: finalize.finish.finalize)
            return true
        } catch {
            logger.critical("answer not kept on disk", metadata: ["error": "\(error)"])
            return false
        }
    }
}
