package import Ledger
package import LedgerStore

/// A launch as found again by its id: the event that served it.
package struct Launch: Sendable {
    package let app: StoredApp
    let subject: Identifier
    /// What its event says of it.
    package let data: LedgerEvent.Launch
    let mode: LaunchMode
    /// The version of the public token that was handed out, in edit mode.
    let publicTokenVersion: Int64?

    /// Finds a launch; throws `ConnectError.launchNotFound` when the id is not that of a launch, or of one that is cold
    /// history: such a launch takes nothing any more.
    package init(_ id: Identifier, store: LedgerStore) async throws(ConnectError) {
        do {
            guard let stored = try await store.event(id: id) else {
                throw ConnectError.launchNotFound
            }
            try await self.init(stored, store: store)
        } catch {
            throw ConnectError(error)
        }
    }

    /// Reads a launch from its event.
    init(_ stored: StoredEvent, store: LedgerStore) async throws {
        let record = try stored.record()
        guard let subject = record.subject, let app = try await store.app(stored.app) else {
            throw ConnectError.launchNotFound
        }
        switch record.event {
        case .connectLaunched(let launch):
            data = launch
            mode = .create
            publicTokenVersion = nil
        case .editLaunched(let launch, let version):
            data = launch
            mode = .edit
            publicTokenVersion = version
        default: throw ConnectError.launchNotFound
        }
        self.app = app
        self.subject = subject
    }

    /// The user who was launched; throws `StoreError.erased` once nothing is kept of the user.
    func user(in store: LedgerStore) async throws -> StoredUser {
        let found = try await store.user(subject: subject, of: app, evenErased: true)
        guard let found else { throw ConnectError.launchNotFound }
        guard !found.isErased else { throw StoreError.erased }
        return found
    }
}
