package import HumanConnect
package import Ledger
package import LedgerStore
internal import Vault

/// Asks the provider again about a user, and records what it says.
///
/// A claim alone heals nothing: the public token of a person is kept only where the user was linked
/// to that person before, or where the provider's own list says that they are one
/// (docs/decisions/0034-what-a-finish-claims.md).
package struct PublicTokenRecovery: Sendable {
    private let store: LedgerStore
    private let provider: HumanConnectClient
    private let userList: ProviderUserList

    package init(
        store: LedgerStore,
        provider: HumanConnectClient,
        userList: ProviderUserList
    ) {
        self.store = store
        self.provider = provider
        self.userList = userList
    }

    /// Fetches the token of the linked person.
    ///
    /// Answers the user as it is then. Throws `notConnected`, `providerUnavailable` or
    /// `recoveryRejected`, and then nothing has changed; or `personGone`, which is on record then.
    package func recover(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> StoredUser {
        try await ConnectError.sorting {
            guard let human = user.state.human, let humanID = try store.value(.humanID, of: user)
            else { throw ConnectError.notConnected }
            guard let token = try await token(of: humanID, app) else {
                try await forget(human, user, app, context)
                throw ConnectError.personGone
            }
            return try await record(token, of: humanID, user, app, context)
        }
    }

    /// Looks an unlinked user up in the provider's list of the app's users; nil when not listed, or
    /// without an App Key, which that call needs.
    ///
    /// Throws as `recover` does, and `personUnproven` where another session than the launched one has
    /// come with a finish of the user.
    package func find(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> StoredUser? {
        guard app.appKey != nil else { return nil }
        return try await ConnectError.sorting {
            guard let humanID = try await listed(user, app),
                let token = try await token(of: humanID, app)
            else {
                // Whoever is not listed is not known, whatever a finish has claimed.
                if let claimed = user.state.claimedPerson {
                    try await forget(claimed.human, user, app, context)
                }
                return nil
            }
            return try await record(token, of: humanID, user, app, context)
        }
    }

    /// Asks whether the person exists whom a finish has named, and nothing more: the answer's token
    /// is not kept, for the person may be somebody else.
    ///
    /// Throws `personUnproven` when the provider knows the person, or as `recover` does.
    package func disprove(
        _ claimed: SubjectState.ClaimedPerson,
        of user: StoredUser,
        _ app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) {
        try await ConnectError.sorting {
            guard let humanID = try await claimedHumanID(of: user),
                try await token(of: humanID, app) == nil
            else {
                throw ConnectError.personUnproven
            }
            try await forget(claimed.human, user, app, context)
        }
    }
}

// MARK: Asking

extension PublicTokenRecovery {
    /// The provider's person whom it calls by the user's id: the one whom a finish has named, if
    /// the provider says the same of them, else whom its list names.
    private func listed(_ user: StoredUser, _ app: StoredApp) async throws -> Secret? {
        guard let clientUserID = try store.value(.clientUserID, of: user) else { return nil }
        do {
            if let humanID = try await claimedHumanID(of: user),
                try await isPerson(humanID, clientUserID, app)
            {
                return humanID
            }
            switch try await userList.find(clientUserID, of: app) {
            case .found(let humanID): return humanID
            case .notListed: return nil
            case .unclear: throw ConnectError.personUnclear
            // It is there, and will hardly be better the next time.
            case .unfinished(.unknown(let reason)) where reason != .connectionLost:
                throw ConnectError.userListTooLong
            case .unfinished(let error): throw error
            }
        } catch let error as HumanConnectError {
            throw ConnectError(error)
        }
    }

    /// Whether the provider calls the person by the user's id.
    private func isPerson(
        _ humanID: Secret,
        _ clientUserID: Secret,
        _ app: StoredApp
    ) async throws -> Bool {
        do {
            return try await provider.user(humanID: humanID, of: try app.provider)
                == .person(humanID: humanID, clientUserID: clientUserID)
        } catch HumanConnectError.rejected, HumanConnectError.unknown {
            // Whatever it said, it did not confirm the person; the list may name another one.
            return false
        }
    }

    /// Whom a finish named, while nobody is linked.
    private func claimedHumanID(of user: StoredUser) async throws -> Secret? {
        guard let claimed = user.state.claimedPerson else { return nil }
        return try await store.value(.claimedHumanID, version: claimed.received, of: user)
    }

    /// The person's current public token; nil when the provider knows nobody of this name.
    private func token(of humanID: Secret, _ app: StoredApp) async throws -> Secret? {
        do {
            return try await provider.publicToken(humanID: humanID, for: try app.provider)
        } catch HumanConnectError.rejected(status: Self.unknownPerson) {
            return nil
        } catch let error as HumanConnectError {
            throw ConnectError(error)
        }
    }

    /// The status of an answer that says: no such person in this app (docs/provider.md#unknown-1).
    private static let unknownPerson = 404
}

// MARK: Recording

extension PublicTokenRecovery {
    private func record(
        _ token: Secret,
        of humanID: Secret,
        _ user: StoredUser,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws -> StoredUser {
        let human = store.vault.fingerprint(.human, of: humanID, app: app.id)
        let fingerprint = store.vault.fingerprint(.publicToken, of: token, app: app.id)
        let asked = user.state.publicToken?.version
        let outcome = try await store.change(user, of: app) { user in
            guard user.state.human == nil || user.state.human == human else {
                throw FinishError.differentPerson
            }
            // The provider's list tells what a popup was opened with, and not who sat before it.
            guard user.state.human != nil || !user.state.isContested else {
                throw ConnectError.personUnproven
            }
            guard user.state.human != nil || !user.state.openFinalizes.contains(where: \.isHeld)
            else { throw FinishError.inProgress }
            // What was recorded while we asked is newer than the answer.
            guard user.state.publicToken?.version == asked else { return nil }
            guard let event = user.state.recover(publicToken: fingerprint, human: human) else {
                return nil
            }
            var change = Change(context: context)
            change.append(event)
            if user.state.human == nil {
                change.claim(.human, human)
                change.keep(humanID, .humanID, version: 1)
                change.dropClaimedPersons(of: user.state)
            }
            if case .publicTokenRecovered(let issued, _) = event,
                issued.version != user.state.publicToken?.version
            {
                change.keep(token, .publicToken, version: issued.version)
            }
            return change
        }
        switch outcome {
        case .written(let user, _): return user
        case nil: return try await store.reread(user, of: app) ?? user
        case .claimed: throw FinishError.differentPerson
        case .repeated, .conflict: throw ConnectError.store(.conflict)
        }
    }

    /// Records that the provider does not know a person: the user is free for another one.
    private func forget(
        _ human: Fingerprint,
        _ user: StoredUser,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws {
        _ = try await store.change(user, of: app) { user in
            let isClaimed = user.state.claimedPerson?.human == human
            guard user.state.human == human || isClaimed else { return nil }
            var change = Change(context: context)
            change.append(.personGone(human: human))
            if user.state.human == human { change.drop(.humanID, version: 1) }
            if isClaimed { change.dropClaimedPerson(of: user.state) }
            return change
        }
    }
}

extension ConnectError {
    /// What a failed call for the public token means: nothing was changed anywhere.
    init(_ error: HumanConnectError) {
        switch error {
        case .notSent(.hostIsAway(let wait)): self = .providerUnavailable(retryAfter: wait)
        case .unknown(.listTooLong): self = .userListTooLong
        case .notSent, .unknown: self = .providerUnavailable(retryAfter: nil)
        case .rejected: self = .recoveryRejected
        }
    }
}

extension StoredApp {
    /// The app as the provider's client wants it.
    var provider: ProviderApp {
        get throws(ProviderEndpoints.Invalid) {
            ProviderApp(
                clientID: clientID,
                clientSecret: clientSecret,
                appKey: appKey,
                endpoints: try ProviderEndpoints(connect: connectURL, user: userURL, api: apiURL)
            )
        }
    }
}
