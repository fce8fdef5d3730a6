package import Ledger
package import LedgerStore
import Vault

extension TestStore {
    /// On whose behalf tests write.
    package static let context = RecordContext(actor: "service")

    /// Launches a user who is not stored yet.
    package func launchNew(
        _ clientUserID: String,
        with store: LedgerStore? = nil
    ) async throws -> ChangeOutcome {
        let store = store ?? self.store
        let user = store.newUser(Secret(clientUserID), of: app)
        return try await store.write(launch(user), to: user)
    }

    /// A change that launches a user, in the mode that the state asks for.
    package func launch(_ user: StoredUser) -> Change {
        let launch = store.clock.identifier(in: user.log)
        var change = Change(context: Self.context)
        change.append(
            user.state.launch(
                LedgerEvent.Launch(
                    launch: launch,
                    finish: .direct,
                    expiry: store.clock.now().adding(seconds: 900)
                )
            ),
            id: launch
        )
        return change
    }

    /// A user who is launched, not connected.
    package func launchedUser(_ clientUserID: String) async throws -> StoredUser {
        _ = try await launchNew(clientUserID)
        return try await user(clientUserID)
    }

    /// A user as stored.
    package func user(_ clientUserID: String) async throws -> StoredUser {
        guard let user = try await store.user(Secret(clientUserID), of: app) else {
            throw StoreError.defect
        }
        return user
    }

    /// A change that connects a user: finish, dispatch, finalize and both tokens, in one append.
    package func connection(
        of user: StoredUser,
        human: String,
        accessToken: String,
        publicToken: String
    ) -> Change {
        let finish = LedgerEvent.Finish(
            finalize: store.clock.identifier(in: user.log),
            launch: store.clock.identifier(in: user.log),
            session: store.vault.fingerprint(
                .session,
                of: Secret("session \(accessToken)"),
                app: app.id
            ),
            human: store.vault.fingerprint(.human, of: Secret(human), app: app.id)
        )
        let answer = AnswerFingerprints(
            human: finish.human,
            accessToken: store.vault.fingerprint(
                .accessToken,
                of: Secret(accessToken),
                app: app.id
            ),
            publicToken: store.vault.fingerprint(
                .publicToken,
                of: Secret(publicToken),
                app: app.id
            ),
            mismatch: nil
        )
        var change = Change(context: Self.context)
        change.append(.finishReceived(finish), id: finish.finalize)
        change.append(.exchangeDispatched(finalize: finish.finalize, number: 1))
        change.claim(.session, finish.session)
        if user.state.human == nil {
            change.claim(.human, finish.human)
            change.keep(Secret(human), .humanID, version: 1)
        }
        let mode: LaunchMode = user.state.publicToken == nil ? .create : .edit
        for event in user.state.finalize(finish, mode: mode, answer: answer) {
            change.append(event)
            switch event {
            case .accessTokenRotated(let token, _):
                change.keep(Secret(accessToken), .accessToken, version: token.version)
            case .publicTokenRotated(let token, _):
                change.keep(Secret(publicToken), .publicToken, version: token.version)
            default: break
            }
        }
        return change
    }

    /// A user who is connected, with tokens named after the user.
    package func connectedUser(_ clientUserID: String) async throws -> StoredUser {
        let user = try await launchedUser(clientUserID)
        let change = connection(
            of: user,
            human: "human \(clientUserID)",
            accessToken: "access \(clientUserID)",
            publicToken: "public \(clientUserID)"
        )
        guard case .written = try await store.write(change, to: user) else {
            throw StoreError.conflict
        }
        return try await self.user(clientUserID)
    }
}
