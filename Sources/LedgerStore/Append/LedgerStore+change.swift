internal import Ledger

extension LedgerStore {
    /// Decides and writes; decides anew on the user as it is when somebody else was faster.
    ///
    /// `decide` must be pure: it may run several times. When it answers nil there is nothing to
    /// write, and the user comes back as read. Throws what `decide` throws, or `StoreError`.
    package func change(
        _ user: StoredUser,
        of app: StoredApp,
        decide: (StoredUser) throws -> Change?
    ) async throws -> ChangeOutcome? {
        guard let change = try decide(user) else { return nil }
        let outcome = try await write(change, to: user)
        guard outcome.isOvertaken else { return outcome }
        guard let current = try await reread(user, of: app) else { throw StoreError.conflict }
        return try await gate.run(current.subject.value) {
            for _ in 0..<StoreLimits.decisionTriesMax {
                guard let current = try await reread(current, of: app),
                    let change = try decide(current)
                else { return nil }
                let outcome = try await write(change, to: current)
                if !outcome.isOvertaken { return outcome }
            }
            throw StoreError.conflict
        }
    }

    /// The user as it is now; one that was new may be stored by now, under another subject.
    package func reread(
        _ user: StoredUser,
        of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        if let clientUserID = user.newClientUserID {
            return try await self.user(clientUserID, of: app)
        }
        return try await self.user(subject: user.subject, log: user.log, of: app)
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
