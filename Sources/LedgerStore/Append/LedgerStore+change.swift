internal import Ledger
internal import Postgres
internal import Vault

extension LedgerStore {
    /// Decides and writes; decides anew on the user as it is when somebody else was faster.
    ///
    /// Callers of this process go one after the other, so that nobody who tries again is overtaken
    /// by who has just come. `decide` must be pure: it may run several times. When it answers nil
    /// there is nothing to write. Throws what `decide` throws, or `StoreError`, which is `erased` when
    /// the user was erased meanwhile.
    package func change(
        _ user: StoredUser,
        of app: StoredApp,
        decide: (StoredUser) throws -> Change?
    ) async throws -> ChangeOutcome? {
        var current = user
        let latest =
            ContinuousClock.now + max(StoreLimits.turnTimeMax, pools.administration.waitMax)
        turns: while true {
            let place = place(of: current)
            let hasWaited = await gate.enter(place)
            defer { gate.leave(place) }
            guard ContinuousClock.now < latest else { throw StoreError.overloaded }
            var pause = RetryPause()
            for attempt in 0..<StoreLimits.decisionTriesMax {
                if hasWaited || attempt > 0 {
                    current = try await asItIs(current, of: app)
                    // Who was new is stored by now: others wait for their turn at another place.
                    guard self.place(of: current) == place else { continue turns }
                }
                guard let change = try decide(current) else { return nil }
                let outcome = try await write(change, to: current)
                guard outcome.isOvertaken else { return outcome }
                // It was another copy of the service, so the turn is kept meanwhile.
                await pause.wait()
            }
            throw StoreError.conflict
        }
    }

    /// The user as it is now; who was stored and is not found was erased.
    private func asItIs(_ user: StoredUser, of app: StoredApp) async throws -> StoredUser {
        if let found = try await reread(user, of: app) { return found }
        guard user.newClientUserID != nil, user.state.version == 0 else { throw StoreError.erased }
        return user
    }

    /// Where the changes of a user take turns: at the claim of one who is not stored yet, for each
    /// caller has made another subject for it.
    private func place(of user: StoredUser) -> UInt128 {
        guard user.state.version == 0, let fingerprint = user.newFingerprint else {
            return user.subject.value
        }
        return Identifier(bytes: fingerprint.bytes)?.value ?? user.subject.value
    }

    /// The user as it is now; one that was new may be stored by now, under another subject.
    package func reread(
        _ user: StoredUser,
        of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        if let clientUserID = user.newClientUserID {
            return try await self.user(clientUserID, of: app)
        }
        return try await self.user(subject: user.subject, of: app)
    }
}

extension ChangeOutcome {
    /// Whether somebody else changed the user, or stored the new user, first.
    fileprivate var isOvertaken: Bool {
        switch self {
        case .conflict, .claimed(.user): true
        case .written, .repeated, .claimed: false
        }
    }
}
