package import Ledger
package import LedgerStore
package import Logging
internal import Vault

/// Serves launch options: decides between create and edit mode, so that no popup opens in create
/// mode for a user whom the provider is known to have (docs/provider.md#user-already-exists).
package struct Launcher: Sendable {
    private let store: LedgerStore
    private let recovery: PublicTokenRecovery
    private let logger: Logger

    package init(store: LedgerStore, recovery: PublicTokenRecovery, logger: Logger) {
        self.store = store
        self.recovery = recovery
        self.logger = logger
    }

    /// What was asked for.
    package struct Request: Sendable {
        let clientUserID: Secret
        let finish: FinishMode
        /// The caller's `Idempotency-Key`.
        let idempotencyKey: Secret?

        package init(clientUserID: Secret, finish: FinishMode, idempotencyKey: Secret?) {
            self.clientUserID = clientUserID
            self.finish = finish
            self.idempotencyKey = idempotencyKey
        }
    }

    /// What is handed out.
    package struct Served: Sendable {
        package let launch: LedgerEvent.Launch
        package let mode: LaunchMode
        /// In edit mode, the token that opens the popup.
        package let publicToken: Secret?
    }

    /// Launches a user, or answers again what the same `Idempotency-Key` was answered.
    ///
    /// Throws `keyReused` where the key came with another request, and what recovery throws where
    /// no popup could open without it.
    package func launch(
        _ request: Request,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> Served {
        try await ConnectError.sorting { try await serve(request, of: app, context) }
    }

    private func serve(
        _ request: Request,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> Served {
        if request.idempotencyKey != nil,
            try await store.event(id: launchID(request, of: app)) != nil
        {
            return try await served(again: launchID(request, of: app), request, app)
        }
        var user =
            try await store.user(request.clientUserID, of: app)
            ?? store.newUser(request.clientUserID, of: app)
        user = try await prepared(user, of: app, context)
        let launch = LedgerEvent.Launch(
            launch: launchID(request, of: app),
            finish: request.finish,
            expiry: store.clock.now().adding(seconds: FlowLimits.launchSeconds)
        )
        let outcome = try await store.change(user, of: app) { user in
            var change = Change(context: context)
            change.append(user.state.launch(launch), id: launch.launch)
            return change
        }
        switch outcome {
        case .written(let user, _):
            return Served(
                launch: launch,
                mode: user.state.publicToken == nil ? .create : .edit,
                publicToken: try store.value(.publicToken, of: user)
            )
        case .repeated:
            return try await served(again: launch.launch, request, app)
        case .claimed, .conflict, nil:
            throw ConnectError.store(.conflict)
        }
    }

    /// Asks the provider where what we hold may not be what the provider knows.
    private func prepared(
        _ user: StoredUser,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> StoredUser {
        let need = user.state.launchNeed
        do throws(ConnectError) {
            switch need {
            case .nothing: return user
            case .publicToken: return try await recovery.recover(user, of: app, context: context)
            case .person:
                return try await recovery.find(user, of: app, context: context) ?? user
            }
        } catch {
            if case .store = error { throw error }
            if need == .publicToken(isRequired: true) { throw error }
            // The popup may still work with what we hold; if not, it says so and we ask again.
            logger.warning("recovery before launch failed", metadata: ["error": "\(error)"])
            return try await store.reread(user, of: app) ?? user
        }
    }

    private func launchID(_ request: Request, of app: StoredApp) -> Identifier {
        guard let key = request.idempotencyKey,
            let id = Identifier(
                custom: store.vault.fingerprint(.request, of: key, app: app.id).bytes
            )
        else { return store.clock.identifier() }
        return id
    }

    /// The answer to a repeated `Idempotency-Key`: the launch it made, if the request is the same.
    private func served(
        again id: Identifier,
        _ request: Request,
        _ app: StoredApp
    ) async throws -> Served {
        let launch = try await Launch(id, store: store)
        let user = try await launch.user(in: store)
        guard launch.app.id == app.id, launch.data.finish == request.finish,
            try store.value(.clientUserID, of: user) == request.clientUserID
        else { throw ConnectError.keyReused }
        var token: Secret?
        if let version = launch.publicTokenVersion {
            token = try await store.value(.publicToken, version: version, of: user)
        }
        return Served(launch: launch.data, mode: launch.mode, publicToken: token)
    }
}
