internal import Postgres

/// Whether each connection has a session of the server for itself.
///
/// A pooler in transaction mode lends a session for one transaction only. What we tell a session,
/// and the statements that we prepare there, would be somebody else's, and theirs ours.
enum SessionCheck {
    /// Throws `StoreOpeningError.sharedSessions` when two connections have the same one.
    static func run(_ pool: PostgresPool) async throws(StoreOpeningError) {
        let isShared: Bool
        do {
            isShared = try await pool.withConnection { first throws(PostgresError) in
                guard await first.isPooled else { return false }
                return try await pool.withConnection { second throws(PostgresError) in
                    await first.session == second.session
                }
            }
        } catch {
            throw .opening(error)
        }
        if isShared { throw .sharedSessions }
    }
}
