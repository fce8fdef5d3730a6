internal import Ledger
package import Postgres

/// The database's clock beside this machine's.
package struct ClockComparison: Sendable {
    /// How far the database's clock is ahead; negative where it is behind.
    package let ahead: Duration
    /// By how much that may be wrong: half of what the question took.
    package let uncertainty: Duration

    /// The quickest of several questions says most.
    private static let questions = 3

    /// Asks on any connection of a pool.
    package static func read(_ pool: PostgresPool) async throws(StoreError) -> ClockComparison {
        var best: ClockComparison?
        for _ in 0..<questions {
            let found = try await ask(pool)
            if let best, best.uncertainty <= found.uncertainty { continue }
            best = found
        }
        guard let best else { preconditionFailure("At least one question was asked.") }
        return best
    }

    private static func ask(_ pool: PostgresPool) async throws(StoreError) -> ClockComparison {
        let clock = EventClock()
        let begin = clock.now().microseconds
        let theirs: Int64
        do {
            theirs = try await pool.query(
                Statement("server_clock", "select clock_timestamp()")
            ) { result throws(PostgresError) in try result.timestamptz(0, 0) }
        } catch {
            throw StoreError(error)
        }
        let end = clock.now().microseconds
        return ClockComparison(
            ahead: .microseconds(theirs - (begin + end) / 2),
            uncertainty: .microseconds(abs(end - begin) / 2)
        )
    }
}
