package import HumanConnect
package import Ledger
package import LedgerStore
internal import Vault

/// Fetches a public token again from the provider and records it.
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

    /// Fetches the token of a known person.
    ///
    /// Answers the user as it is then. Throws `providerUnavailable` or `recoveryRejected`, and then
    /// nothing has changed.
    package func recover(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> StoredUser {
        try await ConnectError.sorting {
            guard let humanID = try store.value(.humanID, of: user) else {
                throw ConnectError.notConnected
            }
            return try await record(humanID, user, app, context)
        }
    }

    /// Looks an unknown person up in the provider's list of the app's users; nil when not listed.
    ///
    /// Throws as `recover` does.
    package func find(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> StoredUser? {
        try await ConnectError.sorting { try await find(user, app, context) }
    }

    private func find(
        _ user: StoredUser,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws -> StoredUser? {
        guard app.appKey != nil, let clientUserID = try store.value(.clientUserID, of: user) else {
            return nil
        }
        switch try await lookup(clientUserID, app) {
        case .found(let humanID): return try await record(humanID, user, app, context)
        case .notListed: return nil
        case .unclear: throw ConnectError.personUnclear
        case .unfinished(let error): throw ConnectError(error)
        }
    }

    private func lookup(_ clientUserID: Secret, _ app: StoredApp) async throws -> UserLookup {
        do {
            return try await userList.find(clientUserID, of: app)
        } catch let error as HumanConnectError {
            throw ConnectError(error)
        }
    }

    private func record(
        _ humanID: Secret,
        _ user: StoredUser,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws -> StoredUser {
        let token: Secret
        do {
            token = try await provider.publicToken(humanID: humanID, for: try app.provider)
        } catch let error as HumanConnectError {
            throw ConnectError(error)
        }
        let human = store.vault.fingerprint(.human, of: humanID, app: app.id)
        let fingerprint = store.vault.fingerprint(.publicToken, of: token, app: app.id)
        let outcome = try await store.change(user, of: app) { user in
            guard user.state.human == nil || user.state.human == human else {
                throw FinishError.differentPerson
            }
            var change = Change(context: context)
            let event = user.state.recover(publicToken: fingerprint, human: human)
            change.append(event)
            if user.state.human == nil {
                change.claim(.human, human)
                change.keep(humanID, .humanID, version: 1)
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
        case .claimed: throw FinishError.differentPerson
        case .repeated, .conflict, nil: throw ConnectError.store(.conflict)
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
