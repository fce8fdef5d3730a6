internal import HumanConnect
package import Ledger
internal import LedgerStore
internal import Vault

// That a finish belongs to the session that the launch is bound to
// (docs/decisions/0047-a-finish-belongs-to-a-session.md).

extension Finalizer {
    /// Confirms a finish that is held, and finalizes it, or answers what it has led to.
    ///
    /// The verifier is what the app's backend keeps in the session in front of it, the code what the
    /// finish was answered with, from the page of that session. Answers the public token as of the
    /// finalize.
    package func confirm(
        _ launch: Launch,
        verifier: Secret?,
        code: String,
        context: RecordContext
    ) async throws(ConnectError) -> Secret {
        try await ConnectError.sortingLaunch {
            guard launch.data.challenge != nil else { throw FinishError.launchNotBound }
            guard let id = store.vault.finalize(of: code),
                let (finalize, user) = try await kept(id, context: context, hasCaller: true),
                finalize.finish.launch == launch.data.launch
            else { throw FinishError.codeUnknown }
            try await prove(verifier, launch, user, context)
            let progress = try await progress(of: finalize)
            switch progress {
            case .held, .received, .notSent: try admit(finalize)
            case .dispatched, .unresolved, .ended: break
            }
            return try await run(finalize, from: FinalizeState(at: progress))
        }
    }

    /// What binds a finish to the launched user, before the provider says who it is.
    func binding(
        _ object: SessionTokenObject,
        _ bringer: Bringer,
        _ launch: Launch,
        _ user: StoredUser,
        _ context: RecordContext
    ) async throws -> FinishBinding {
        guard bringer == .backend else { return .none }
        guard launch.data.challenge == nil else {
            try await prove(object.sessionVerifier, launch, user, context)
            return .session
        }
        return object.clientUserID == nil ? .none : .user
    }

    /// Throws unless the verifier is that of the launch's session; that it was not is on record then.
    private func prove(
        _ verifier: Secret?,
        _ launch: Launch,
        _ user: StoredUser,
        _ context: RecordContext
    ) async throws {
        let shown = verifier.flatMap { SessionChallenge(verifier: $0) }
            .map { store.vault.fingerprint(of: $0, app: launch.app.id) }
        guard shown != launch.data.challenge else { return }
        // Once for each launch: who tries again and again fills no log.
        _ = try await store.change(user, of: launch.app) { _ in
            var change = Change(context: context)
            change.append(
                .verifierRefused(launch: launch.data.launch),
                id: launch.data.launch.derived("verifier-refused")
            )
            return change
        }
        throw FinishError.verifierRefused
    }

    /// What the bringer of a held finish is told: the same for every repeat.
    func held(_ finalize: Finalize) async throws -> Answer {
        guard let first = try await firstFinish(with: finalize.finish.session),
            let until = try await finalize.launch.user(in: store).state
                .openFinalize(first.finalize)?.settleAt
        else { throw FinishError.inProgress }
        return .held(code: store.vault.finishCode(first.finalize), until: until)
    }

    /// Makes durable that the verifier was shown.
    func confirm(
        _ finalize: Finalize,
        _ state: inout FinalizeState
    ) async throws -> FinalizeState.Action {
        let app = finalize.launch.app
        var refusal: FinishError?
        let outcome = try await store.change(finalize.user, of: app) { user in
            let (change, error) = finalize.confirmation(by: user, at: store.clock.now())
            refusal = error
            return change
        }
        switch outcome {
        case .written: return refusal.map { state.refused($0) } ?? state.confirmed()
        case .repeated: return state.confirmedBefore()
        case .claimed, .conflict: throw StoreError.conflict
        case nil: break
        }
        guard let refusal else { return state.confirmedBefore() }
        if refusal == .unconfirmed {
            _ = try await store.change(finalize.user, of: app) { user in
                finalize.abandonment(.unconfirmed, of: user)
            }
        }
        return state.refused(refusal)
    }
}
