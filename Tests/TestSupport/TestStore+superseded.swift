import Ledger
@testable package import LedgerStore
import Logging
import Vault

extension TestStore {
    /// Replaces both tokens of a user.
    package func rotate(_ name: String, _ suffix: String) async throws {
        let user = try await self.user(name)
        let change = connection(
            of: user,
            human: "human \(name)",
            accessToken: "access \(name) \(suffix)",
            publicToken: "public \(name) \(suffix)"
        )
        guard case .written = try await store.write(change, to: user) else {
            throw StoreError.conflict
        }
    }

    /// Changes for how long the app's tokens keep their values once they were replaced.
    package func setGrace(_ seconds: Int64) async throws {
        var change = AppChange()
        change.supersededGraceSeconds = seconds
        try await update(change)
    }

    /// Changes the app.
    package func update(_ change: AppChange) async throws {
        guard let app = try await store.app(clientID: "demo"),
            try await store.update(app, change, context: Self.context, owner: owners) == .written
        else { throw StoreError.conflict }
    }

    /// One round of those that drop values.
    package func drop() async { await Self.drop(store) }

    /// One round of another copy of the service.
    package static func drop(_ store: LedgerStore) async {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        await ValueDropper(store: store, logger: logger).look()
    }
}
