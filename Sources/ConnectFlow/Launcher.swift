package import Ledger
package import LedgerStore
package import Logging
package import Vault

/// Serves launch options: decides between create and edit mode, so that no popup opens in create
/// mode for a user whom the provider is known to have, nor in edit mode with a dead token
/// (docs/provider.md#user-already-exists).
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
        /// Of the session that the launch shall be bound to.
        let challenge: SessionChallenge?
        /// The caller's `Idempotency-Key`.
        let idempotencyKey: Secret?
        /// Asked before a user is made.
        let mayMakeUser: @Sendable () -> Bool

        package init(
            clientUserID: Secret,
            finish: FinishMode,
            challenge: SessionChallenge? = nil,
            idempotencyKey: Secret?,
            mayMakeUser: @escaping @Sendable () -> Bool = { true }
        ) {
            self.clientUserID = clientUserID
            self.finish = finish
            self.challenge = challenge
            self.idempotencyKey = idempotencyKey
            self.mayMakeUser = mayMakeUser
        }
    }

    /// What is handed out.
    package struct Served: Sendable {
        package let launch: LedgerEvent.Launch
        package let opening: Opening
    }

    /// How the popup opens.
    package enum Opening: Sendable {
        case create(caution: Caution?)
        case edit(publicToken: Secret)
    }

    /// What the page should know of options that may not do.
    package enum Caution: String, Sendable {
        /// A popup was opened before, nobody has told how it ended, and the app has no means to
        /// ask: if it says "User Already Exists", the user is connected at the provider already.
        case userMayExist = "user_may_exist"
    }

    /// Launches a user, or answers again what the same `Idempotency-Key` was answered.
    ///
    /// Throws `challengeRequired` where the app demands one, `keyReused` where the key came with
    /// another request, `tooManyNewUsers` where the user is new and may not be made, and what recovery
    /// throws where no popup could open without it.
    package func launch(
        _ request: Request,
        of app: StoredApp,
        context: RecordContext
    ) async throws(ConnectError) -> Served {
        try await ConnectError.sorting {
            for _ in 0..<FlowLimits.launchTriesMax {
                do {
                    return try await serve(request, of: app, context)
                } catch StoreError.erased, ConnectError.notConnected {
                    // Erased while the launch was under way: the user is somebody new.
                }
            }
            throw StoreError.conflict
        }
    }

    /// The options of a launch once more, for whoever holds its token; nil where they open no popup any
    /// more: the time is over, the popup has ended, or its user was erased.
    package func reopened(
        _ launch: Launch,
        context: RecordContext
    ) async throws(ConnectError) -> (served: Served, clientUserID: Secret)? {
        try await ConnectError.sorting {
            guard let user = try await openUser(of: launch) else { return nil }
            guard let clientUserID = try store.value(.clientUserID, of: user) else {
                throw StoreError.damaged(.value)
            }
            return (try await served(again: launch, to: user, context), clientUserID)
        }
    }

    /// Whether the options of a launch still open a popup, and how that popup has ended, if it has.
    package func state(
        of launch: Launch
    ) async throws(ConnectError) -> (isOpen: Bool, end: SubjectState.Popup.End?) {
        try await ConnectError.sorting {
            do {
                let user = try await launch.user(in: store)
                return (isOpen(launch, user), user.state.popup(of: launch.data.launch)?.end)
            } catch StoreError.erased {
                return (false, nil)
            }
        }
    }

    private func serve(
        _ request: Request,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> Served {
        guard request.challenge != nil || !app.policies.contains(.challengeRequired) else {
            throw ConnectError.challengeRequired
        }
        let known = try await store.user(request.clientUserID, of: app)
        let asked = known ?? store.newUser(request.clientUserID, of: app)
        let id: Identifier
        switch try await place(of: request, app, asked.log, context) {
        case .served(let served): return served
        case .free(let free): id = free
        }
        guard known != nil || request.mayMakeUser() else { throw ConnectError.tooManyNewUsers }
        let (user, caution) = try await prepared(asked, of: app, context)
        let launch = LedgerEvent.Launch(
            launch: id,
            finish: request.finish,
            expiry: store.clock.now().adding(seconds: FlowLimits.launchSeconds),
            challenge: fingerprint(of: request.challenge, app)
        )
        let outcome = try await store.change(user, of: app) { user in
            var change = Change(context: context)
            change.append(user.state.launch(launch), id: launch.launch)
            return change
        }
        switch outcome {
        case .written(let user, _):
            let named = request.clientUserID
            return Served(launch: launch, opening: try opening(of: user, named: named, caution))
        case .repeated:
            // A twin with the same key was faster.
            if case .served(let served) = try await place(of: request, app, user.log, context) {
                return served
            }
            throw ConnectError.store(.conflict)
        case .claimed, .conflict, nil:
            throw ConnectError.store(.conflict)
        }
    }

    private func fingerprint(of challenge: SessionChallenge?, _ app: StoredApp) -> Fingerprint? {
        challenge.map { store.vault.fingerprint(of: $0, app: app.id) }
    }

    /// With what the popup opens; `clientUserID` is the name that the user was found under, if they were.
    private func opening(
        of user: StoredUser,
        named clientUserID: Secret? = nil,
        _ caution: Caution?
    ) throws -> Opening {
        guard user.state.openingToken != nil else { return .create(caution: caution) }
        let unlocked = try clientUserID.map { try store.unlocked(user, named: $0) } ?? user
        guard let token = try store.value(.publicToken, of: unlocked) else {
            throw StoreError.damaged(.value)
        }
        return .edit(publicToken: token)
    }
}

// MARK: Doubt

extension Launcher {
    /// Asks the provider where what we hold may not be what the provider knows.
    private func prepared(
        _ user: StoredUser,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> (StoredUser, Caution?) {
        switch user.state.launchNeed(at: store.clock.now()) {
        case .nothing: return (user, nil)
        case .person: return try await looked(up: user, of: app, context)
        case .publicToken(let isRequired):
            do throws(ConnectError) {
                return (try await recovery.recover(user, of: app, context: context), nil)
            } catch .personGone {
                let user = try await store.reread(user, of: app) ?? user
                return try await looked(up: user, of: app, context)
            } catch {
                if case .store = error { throw error }
                if isRequired { throw error }
                // The popup may still work with what we hold; if not, it says so and we ask again.
                logger.warning("recovery before launch failed", metadata: ["error": "\(error)"])
                return (try await store.reread(user, of: app) ?? user, nil)
            }
        }
    }

    /// Settles whether the provider knows somebody who is not linked.
    private func looked(
        up user: StoredUser,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> (StoredUser, Caution?) {
        if app.appKey != nil, let found = try await found(user, of: app, context) {
            return (found, nil)
        }
        // Without an App Key there is nobody to ask about a user, only about a person.
        guard let claimed = user.state.claimedPerson else { return (user, caution(for: user)) }
        if user.state.unsettledFinalizes.contains(where: { $0.received == claimed.received }) {
            // Its exchange will say who it is.
            throw ConnectError.finish(.inProgress)
        }
        try await recovery.disprove(claimed, of: user, app, context: context)
        let reread = try await store.reread(user, of: app) ?? user
        return (reread, caution(for: reread))
    }

    /// The user as the provider's list has it; nil when the list is not to be had.
    private func found(
        _ user: StoredUser,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws -> StoredUser? {
        do throws(ConnectError) {
            return try await recovery.find(user, of: app, context: context) ?? user
        } catch {
            switch error {
            case .recoveryRejected, .userListTooLong, .personUnclear:
                // As good as no App Key: nobody is kept out for a list that tells nothing.
                logger.error(
                    "the provider's user list tells nothing",
                    metadata: ["app": "\(app.id)", "error": "\(error)"]
                )
                return nil
            default: throw error
            }
        }
    }

    private func caution(for user: StoredUser) -> Caution? {
        user.state.launchNeed(at: store.clock.now()) == .person ? .userMayExist : nil
    }
}

// MARK: Idempotency

extension Launcher {
    /// Where the launch of a request belongs.
    private enum Place {
        /// It was served before, and its options are still good.
        case served(Served)
        /// It becomes an event with this id.
        case free(Identifier)
    }

    /// Finds the launch that the same `Idempotency-Key` has led to; one whose options are not good
    /// any more is not answered again, but followed by a new one.
    ///
    /// A launch lives as long as a period is, so it is of this period or of the one before.
    private func place(
        of request: Request,
        _ app: StoredApp,
        _ log: Log,
        _ context: RecordContext
    ) async throws -> Place {
        guard let key = request.idempotencyKey else {
            return .free(store.clock.identifier(in: log))
        }
        let now = store.clock.now()
        let current = now.microseconds / (FlowLimits.launchSeconds * 1_000_000)
        for period in [current - 1, current] {
            for number in 0..<FlowLimits.launchesPerKeyMax {
                let id = launchID(key, period, number, app, log)
                guard let stored = try await store.event(id: id) else {
                    if period == current { return .free(id) }
                    break
                }
                let launch = try await Launch(stored, store: store)
                if let served = try await served(again: launch, request, app, context) {
                    return .served(served)
                }
            }
        }
        throw ConnectError.store(.conflict)
    }

    private func launchID(
        _ key: Secret,
        _ period: Int64,
        _ number: Int,
        _ app: StoredApp,
        _ log: Log
    ) -> Identifier {
        let text = Secret("\(period)/\(number) \(key.exposed)")
        return store.vault.eventID(ofRequest: text, app: app.id, in: log)
    }

    /// The answer to a repeated `Idempotency-Key`: the launch it made, if its options still open
    /// the popup.
    ///
    /// Throws `keyReused` when it was made by another request.
    private func served(
        again launch: Launch,
        _ request: Request,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws -> Served? {
        let user: StoredUser
        do {
            user = try await launch.user(in: store)
        } catch StoreError.erased {
            return nil
        }
        guard launch.app.id == app.id, launch.data.finish == request.finish,
            launch.data.challenge == fingerprint(of: request.challenge, app),
            try store.value(.clientUserID, of: user) == request.clientUserID
        else { throw ConnectError.keyReused }
        return isOpen(launch, user) ? try await served(again: launch, to: user, context) : nil
    }

    private func openUser(of launch: Launch) async throws -> StoredUser? {
        do {
            let user = try await launch.user(in: store)
            return isOpen(launch, user) ? user : nil
        } catch StoreError.erased {
            return nil
        }
    }

    private func isOpen(_ launch: Launch, _ user: StoredUser) -> Bool {
        guard store.clock.now() < launch.data.expiry,
            let popup = user.state.popup(of: launch.data.launch), popup.end == nil
        else { return false }
        return user.state.openingToken?.version == launch.publicTokenVersion
    }

    private func served(
        again launch: Launch,
        to user: StoredUser,
        _ context: RecordContext
    ) async throws -> Served {
        let opening = try opening(of: user, user.state.popups.count > 1 ? caution(for: user) : nil)
        // The launch itself says who got the public token first.
        if let version = launch.publicTokenVersion {
            try await store.recordReads(
                [(.publicToken, version)],
                of: user,
                launch.app,
                key: context.receiver,
                context: context
            )
        }
        return Served(launch: launch.data, opening: opening)
    }
}
