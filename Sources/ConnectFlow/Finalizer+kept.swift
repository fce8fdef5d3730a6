internal import HumanConnect
internal import Ledger
internal import LedgerStore
internal import Vault

extension Finalizer {
    /// A finalize as its first event tells it, with the user as they are; nil when there is none.
    ///
    /// Without the session, where that was dropped: enough to record what came of it.
    func kept(
        _ id: Identifier,
        context: RecordContext,
        hasCaller: Bool = false
    ) async throws -> (Finalize, StoredUser)? {
        guard let stored = try await store.event(id: id),
            let finish = try stored.record().event.finish
        else { return nil }
        let launch = try await Launch(finish.launch, store: store)
        let user = try await launch.user(in: store)
        let finalize = Finalize(
            launch: launch,
            user: user,
            app: try launch.app.provider,
            finish: finish,
            object: try await object(of: finish, launch, user),
            context: context,
            hasCaller: hasCaller,
            isProven: hasCaller
        )
        return (finalize, user)
    }

    /// What the popup handed to `finish`, as far as the vault still keeps it.
    private func object(
        of finish: LedgerEvent.Finish,
        _ launch: Launch,
        _ user: StoredUser
    ) async throws -> SessionTokenObject? {
        guard
            let received = user.state.openFinalize(finish.finalize)?.received,
            let session = try await store.value(.sessionToken, version: received, of: user)
        else { return nil }
        var human = try await store.value(.claimedHumanID, version: received, of: user)
        if human == nil, user.state.human == finish.human {
            human = try store.value(.humanID, of: user)
        }
        guard let human else { return nil }
        return SessionTokenObject(
            humanID: human,
            clientID: launch.app.clientID,
            sessionToken: session
        )
    }
}
