internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres

// What is not in the database of a log's first records (docs/decisions/0072-cold-history.md).
extension VerificationLog {
    func coldHistory(
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> ColdHistory {
        guard Log(id: logID)?.kind != .map else { return ColdHistory([]) }
        return try await ColdHistory.read(logID, reader)
    }

    /// Which of some positions of a log of facts may be cold; nil of other logs, of which all may.
    func launches(
        _ positions: Range<Int64>,
        _ history: ColdHistory,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> LaunchBits? {
        guard Log(id: logID)?.kind == .facts else { return nil }
        guard positions.lowerBound < history.before else { return LaunchBits() }
        return try await LaunchBits.read(logID, positions, vault, reader)
    }

    /// The leaves of those of some positions that are cold, as far as there are tiles of them.
    func coldLeaves(
        _ positions: Range<Int64>,
        _ history: ColdHistory,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> [MerkleHash] {
        let cold = positions.clamped(
            to: positions.lowerBound..<max(positions.lowerBound, history.before)
        )
        guard !cold.isEmpty else { return [] }
        return ColdHistory.leaves(
            cold,
            of: try await reader.rows(ColdHistory.tiles(logID, cold), ColdHistory.leaves)
        )
    }
}
