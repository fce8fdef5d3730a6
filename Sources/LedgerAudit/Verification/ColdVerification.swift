package import Ledger
package import LedgerStore
internal import MerkleLog
internal import Postgres

/// Compares cold records, which somebody reads in a bundle, with the hashes that they have left in the tiles of a
/// database; `Verification` compares those with what was signed.
package final class ColdVerification: Sendable {
    private let log: Log
    private let connection: PostgresConnection

    private init(_ log: Log, _ connection: PostgresConnection) {
        (self.log, self.connection) = (log, connection)
    }

    /// Connects to the database of a log.
    package static func open(_ log: Log, in databases: DatabaseMap) async throws -> ColdVerification
    {
        ColdVerification(
            log,
            try await PostgresConnection.connect(databases[log].withLongLimits)
        )
    }

    /// Ends the connection.
    package func close() async {
        await connection.close()
    }

    /// Compares records that stand from a position on.
    ///
    /// Of facts only launches may be missing in the database.
    package func compare(
        _ records: [[UInt8]],
        at position: Int64,
        _ report: inout VerificationReport
    ) async throws {
        let positions = position..<position + Int64(records.count)
        let leaves = ColdHistory.leaves(
            positions,
            of: try await connection.rows(
                ColdHistory.tiles(log.id, positions),
                ColdHistory.leaves
            )
        )
        report.events += Int64(records.count)
        for (index, record) in records.enumerated()
        where index >= leaves.count || MerkleHash(leaf: record) != leaves[index] {
            report.add(log.id, position + Int64(index), .recordNotSigned)
        }
        guard log.kind == .facts else { return }
        let stored = try await stored(positions)
        for (index, bytes) in records.enumerated() {
            let place = position + Int64(index)
            let type = (try? Record(decoding: bytes)).map { "\($0.event.type)" } ?? ""
            guard !stored.contains(place), !ColdLaunches.types.contains(type) else { continue }
            report.add(log.id, place, .rowsMissing(count: 1))
        }
    }

    /// Which of the positions have a row.
    private func stored(_ positions: Range<Int64>) async throws(PostgresError) -> Set<Int64> {
        Set(
            try await connection.rows(
                Statement(
                    "verify_stored",
                    """
                    select position from ledger.event
                    where log_id = $1 and position >= $2 and position < $3
                    """,
                    .int4(log.id),
                    .int8(positions.lowerBound),
                    .int8(positions.upperBound)
                )
            ) { result, row throws(PostgresError) in try result.int8(row, 0) }
        )
    }
}

extension VerificationReport {
    /// What is cold of a log.
    package func cold(of log: Log) -> [ColdStretch] {
        logs.first { $0.logID == log.id }?.cold ?? []
    }

    /// Notes that a stretch was read, and compared.
    package mutating func hasRead(_ stretch: ColdStretch, of log: Log) {
        guard let index = logs.firstIndex(where: { $0.logID == log.id }) else { return }
        logs[index].coldRead.append(stretch)
    }
}
