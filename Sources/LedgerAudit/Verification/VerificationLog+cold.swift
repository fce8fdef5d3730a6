internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres

// What is not in the database: the first records of a log of accesses (docs/decisions/0072-cold-history.md).
extension VerificationLog {
    func coldHistory(
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> ColdHistory {
        guard Log(id: logID)?.kind == .access else { return ColdHistory([]) }
        return try await ColdHistory.read(logID, reader)
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
