internal import Postgres

/// Whether each connection has a session of the server for itself.
///
/// A pooler in transaction or statement mode lends a session for as long only. What we tell a
/// session, and the statements that we prepare there, would be somebody else's, and theirs ours.
enum SessionCheck {
    /// Which of two connections is asked, turn by turn, which process serves it.
    ///
    /// A pooler that lends the session that was given back last shows the second one that of the first;
    /// one that lends them in turn shows one and the same connection two; and one that others keep busy
    /// hardly lends the same session to the same connection each time.
    private static let turns = [0, 0, 1, 0, 1, 1, 0, 1]

    /// Throws `StoreOpeningError.sharedSessions` when connections share sessions.
    static func run(_ pool: PostgresPool) async throws(StoreOpeningError) {
        let isShared: Bool
        do {
            isShared = try await areShared(pool)
        } catch {
            throw .opening(error)
        }
        if isShared { throw .sharedSessions }
    }

    /// Whether connections share sessions; without a pooler in between nobody is asked.
    static func areShared(
        _ pool: PostgresPool,
        share: PoolShare = .calls
    ) async throws(PostgresError) -> Bool {
        do throws(PostgresError) {
            return try await pool.withConnection(share: share) { first throws(PostgresError) in
                guard await first.isPooled else { return false }
                return try await pool.withConnection(share: share) {
                    second throws(PostgresError) in
                    guard try await areShared(first, second) else { return false }
                    // All stay with what they were not told, also when the pooler is mended.
                    pool.renew()
                    return true
                }
            }
        } catch {
            // What one prepared is not there, or somebody else's is.
            guard error.sqlState?.isOfSharedSession == true else { throw error }
            pool.renew()
            return true
        }
    }

    private static func areShared(
        _ first: PostgresConnection,
        _ second: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        let connections = [first, second]
        let own = [await first.session, await second.session]
        if own[0] == own[1] { return true }
        for turn in turns {
            let process = try await connections[turn].query(ownProcess) {
                result throws(PostgresError) in
                try result.int4(0, 0)
            }
            if process != own[turn]?.process { return true }
        }
        return false
    }

    private static let ownProcess = Statement("own_process", "select pg_backend_pid()")
}

extension SQLState {
    /// Whether it says that somebody else has used the session of a connection of ours.
    var isOfSharedSession: Bool {
        self == .undefinedPreparedStatement || self == .duplicatePreparedStatement
    }
}
