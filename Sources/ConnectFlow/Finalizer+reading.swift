internal import Ledger
internal import LedgerStore
internal import Vault

extension Finalizer {
    /// Compares a finish with those before it; from then on a repeated one is about the first.
    func standing(of finalize: inout Finalize) async throws -> FinalizeState.Standing {
        guard let first = try await firstFinish(with: finalize.finish.session) else {
            return .first
        }
        guard first.launch == finalize.finish.launch, first.human == finalize.finish.human else {
            return .sessionUsed
        }
        finalize.finish = first
        let progress = try await progress(of: finalize)
        switch progress {
        // A repeat that is about to send it waits for the provider as a first finish does.
        case .received, .notSent: try admit(finalize)
        case .held: if finalize.isProven { try admit(finalize) }
        case .dispatched, .unresolved, .ended: break
        }
        return .repeated(progress)
    }

    /// The finish that used this session first, if any.
    func firstFinish(
        with session: Fingerprint
    ) async throws(StoreError) -> LedgerEvent.Finish? {
        guard let claim = try await store.lookup(.session, session) else { return nil }
        guard let stored = try await store.event(id: claim.reference),
            let first = try stored.record().event.finish
        else { throw .damaged(.record) }
        return first
    }

    /// How far the finalize is.
    func progress(of finalize: Finalize) async throws -> FinalizeProgress {
        let user = try await finalize.launch.user(in: store)
        if let open = finalize.open(in: user) { return FinalizeProgress(open) }
        return .ended(try await outcome(of: finalize, user))
    }

    /// The recorded outcome of a finalize that has ended.
    private func outcome(of finalize: Finalize, _ user: StoredUser) async throws -> FinalizeOutcome
    {
        guard let stored = try await store.event(id: finalize.outcomeID) else {
            // Newer tokens came meanwhile, so nobody waits for these any more.
            return try await isUnconfirmed(finalize) ? .unconfirmed : .superseded
        }
        switch try stored.record().event {
        case .connectFinalized, .editFinalized:
            do {
                return .finalized(publicToken: try await publicToken(after: finalize, user))
            } catch StoreError.dropped {
                return .tokenDropped
            }
        case .finalizeRejected: return .rejected
        case .finalizeRefused(_, let mismatch): return .refused(mismatch)
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishReceived,
            .finishHeld, .finishConfirmed, .finishRefused, .verifierRefused, .exchangeDispatched,
            .accessTokenRotated, .publicTokenRotated, .finalizeUnresolved, .finalizeAbandoned,
            .finalizeSuperseded, .publicTokenRecovered, .tokensImported, .personGone,
            .connectionBroken, .subjectErased, .subjectHeld, .subjectReleased,
            .tokenRead, .logExported, .logFollowed, .tokenSearched, .tokenRevealed, .userViewed,
            .accessNoted, .appAdded, .appUpdated, .valuesDropped, .apiKeyCreated, .apiKeyExpirySet,
            .apiKeyRevoked, .rootKeyRotated, .webhook, .problemMuted, .problemUnmuted:
            throw StoreError.damaged(.record)
        }
    }

    /// Whether it was held until nobody could confirm it any more.
    private func isUnconfirmed(_ finalize: Finalize) async throws -> Bool {
        guard let stored = try await store.event(id: finalize.abandonedID),
            case .finalizeAbandoned(_, .unconfirmed) = try stored.record().event
        else { return false }
        return true
    }

    /// The public token that was held when the finalize had ended.
    ///
    /// Its own outcome says who got it first. Whoever gets it again is on record before
    /// (docs/threats.md#t28).
    private func publicToken(after finalize: Finalize, _ user: StoredUser) async throws -> Secret {
        let state = try await state(after: finalize, user)
        guard let version = state.publicToken?.version else { throw StoreError.damaged(.record) }
        guard let token = try await store.value(.publicToken, version: version, of: user) else {
            throw await store.absence(of: .publicToken, version: version, of: user)
        }
        if finalize.hasCaller {
            try await store.recordReads(
                [(.publicToken, version)],
                of: user,
                finalize.launch.app,
                key: finalize.context.receiver,
                context: finalize.context
            )
        }
        return token
    }

    /// The user's state with the last event that belongs to the outcome.
    private func state(after finalize: Finalize, _ user: StoredUser) async throws -> SubjectState {
        var state = SubjectState()
        var hasEnded = false
        var pages = store.pages(of: user)
        while let page = try await pages.next() {
            for event in page {
                let record = try event.genuineRecord()
                if hasEnded, let record, record.event.cause != finalize.finish.finalize {
                    return state
                }
                state.passOver(event.coldBefore)
                try state.apply(record)
                if record?.id == finalize.outcomeID { hasEnded = true }
            }
        }
        return state
    }
}

extension LedgerEvent {
    /// The finalize that a rotation belongs to.
    fileprivate var cause: Identifier? {
        switch self {
        case .accessTokenRotated(_, let cause), .publicTokenRotated(_, let cause): cause
        default: nil
        }
    }
}
