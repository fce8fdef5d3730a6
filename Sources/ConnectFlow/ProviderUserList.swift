package import HumanConnect
internal import Ledger
internal import LedgerStore
internal import Synchronization

/// The provider's list of an app's users, fetched once for a crowd that asks at the same time.
///
/// The list has no filter and may be megabytes long (docs/provider.md#users-of-an-app).
package final class ProviderUserList: Sendable {
    private struct Fetched {
        let begin: ContinuousClock.Instant
        let users: [ProviderUser]
    }

    private let provider: HumanConnectClient
    private let gate = KeyGate()
    private let fetched = Mutex<[Identifier: Fetched]>([:])
    private let waiting = Mutex<[Identifier: Int]>([:])

    package init(provider: HumanConnectClient) {
        self.provider = provider
    }

    /// The app's users, from a fetch that began after this call, so nobody who was there is missed.
    func users(of app: StoredApp) async throws -> [ProviderUser] {
        let arrival = ContinuousClock.now
        waiting.withLock { $0[app.id, default: 0] += 1 }
        defer { leave(app.id) }
        return try await gate.run(app.id.value) {
            if let known = fetched.withLock({ $0[app.id] }), known.begin >= arrival {
                return known.users
            }
            let begin = ContinuousClock.now
            let users = try await provider.users(of: try app.provider)
            fetched.withLock { $0[app.id] = Fetched(begin: begin, users: users) }
            return users
        }
    }

    /// The last one who waits takes the list away.
    private func leave(_ app: Identifier) {
        let isLast = waiting.withLock { waiting in
            waiting[app, default: 1] -= 1
            guard waiting[app] == 0 else { return false }
            waiting[app] = nil
            return true
        }
        if isLast { fetched.withLock { $0[app] = nil } }
    }
}
