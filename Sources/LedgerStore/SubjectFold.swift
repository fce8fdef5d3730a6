internal import Ledger
internal import Postgres

/// One user's whole story, folded.
struct FoldedSubject: Sendable {
    let logID: Int32
    let app: Identifier
    let subject: Identifier
    let state: SubjectState
    /// When the last event was recorded.
    let changedAt: Timestamp
}

/// Folds the users of a database one after the other, in constant memory.
struct SubjectFold {
    private struct Row: Sendable {
        let logID: Int32
        let app: Identifier
        let subject: Identifier
        let position: Int64
        let bytes: [UInt8]
    }

    /// Events per round trip: enough to hide the round trip, little enough to hold in memory.
    private static let pageEvents: Int64 = 5_000

    private let connection: PostgresConnection
    private var current: FoldedSubject?

    init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// Folds all subjects, or only those named, and hands them over in groups.
    mutating func run(
        subjects: [Identifier]? = nil, _ body: ([FoldedSubject]) async throws -> Void
    ) async throws {
        var after: (subject: UInt128, version: Int64) = (0, 0)
        while true {
            let page = try await page(after: after, subjects: subjects)
            var finished: [FoldedSubject] = []
            for row in page { try take(row, &finished) }
            guard page.count == Int(Self.pageEvents), let last = current else {
                if let current { finished.append(current) }
                current = nil
                return try await body(finished)
            }
            try await body(finished)
            after = (last.subject.value, last.state.version)
        }
    }

    private mutating func take(_ row: Row, _ finished: inout [FoldedSubject]) throws {
        var state = SubjectState()
        if let current, current.subject == row.subject, current.logID == row.logID {
            state = current.state
        } else if let current {
            finished.append(current)
        }
        do {
            let record = try Record(decoding: row.bytes)
            try state.apply(record)
            current = FoldedSubject(
                logID: row.logID, app: row.app, subject: row.subject, state: state,
                changedAt: record.time)
        } catch {
            throw VerificationFailure.unreadable(logID: row.logID, position: row.position)
        }
    }

    private func page(
        after: (subject: UInt128, version: Int64), subjects: [Identifier]?
    ) async throws(PostgresError) -> [Row] {
        try await connection.query(
            Statement(
                "fold_page",
                """
                select log_id, app_id, subject, position, record from ledger.event
                where (subject, subject_version) > ($1, $2)
                    and ($3::uuid[] is null or subject = any ($3))
                order by subject, subject_version limit $4
                """,
                .uuid(after.subject), .int8(after.version),
                subjects.map { .uuidArray($0.map(\.value)) } ?? .null(.uuidArray),
                .int8(Self.pageEvents))
        ) { result throws(PostgresError) in
            var rows: [Row] = []
            for row in 0..<result.rowCount {
                rows.append(
                    Row(
                        logID: try result.int4(row, 0),
                        app: Identifier(value: try result.uuid(row, 1)),
                        subject: Identifier(value: try result.uuid(row, 2)),
                        position: try result.int8(row, 3), bytes: try result.bytes(row, 4)))
            }
            return rows
        }
    }
}

/// Why a fold or a check cannot go on.
package enum VerificationFailure: Error, Sendable, CustomStringConvertible {
    /// The record at this position is none, or not the next of its subject.
    case unreadable(logID: Int32, position: Int64)

    package var description: String {
        switch self {
        case .unreadable(let logID, let position):
            "the record at position \(position) of log \(logID) cannot be folded"
        }
    }
}
