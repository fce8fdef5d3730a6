package import Ledger
@testable package import LedgerStore

extension TestStore {
    /// Erases a user, and gives who that was.
    @discardableResult
    package func erase(
        _ clientUserID: String,
        reason: ErasureReason = .requested
    ) async throws -> StoredUser {
        let user = try await user(clientUserID)
        let order = ErasureOrder(
            id: store.clock.identifier(in: user.log),
            reason: reason,
            context: Self.context
        )
        _ = try await store.erase(user, of: app, order)
        return user
    }
}
