internal import Ledger
package import Postgres

/// What `verify` checked, and every place where something did not fit.
package struct VerificationReport: Sendable {
    /// One place that does not fit.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        package let logID: Int32
        /// The place in the log, or nil for a projection row.
        package let position: Int64?
        /// What does not fit, in words, without values.
        package let problem: String

        package var description: String {
            guard let position else { return "log \(logID): \(problem)" }
            return "log \(logID), position \(position): \(problem)"
        }
    }

    package internal(set) var events: Int64 = 0
    package internal(set) var users: Int64 = 0
    package internal(set) var findings: [Finding] = []
    /// Whether more findings were made than are listed.
    package internal(set) var isTruncated = false

    mutating func add(_ logID: Int32, _ position: Int64?, _ problem: String) {
        guard findings.count < Verification.findingsMax else {
            isTruncated = true
            return
        }
        findings.append(Finding(logID: logID, position: position, problem: problem))
    }
}

/// Replays everything: columns against records, positions without holes, and the fold against every
/// row of the projection. It sees one snapshot, so it runs beside a live service.
package enum Verification {
    /// How many findings are listed: a database that is wholly wrong needs no longer list.
    static let findingsMax = 1_000
    private static let pageEvents: Int64 = 5_000

    /// Runs all checks; throws `PostgresError` when the database cannot be read.
    package static func run(
        _ configuration: PostgresConfiguration
    ) async throws -> VerificationReport {
        let connection = try await PostgresConnection.connect(configuration.withoutTimeLimits)
        try await connection.script("begin isolation level repeatable read read only")
        var report = VerificationReport()
        try await checkLogs(connection, &report)
        do {
            try await checkProjection(connection, &report)
        } catch VerificationFailure.unreadable(let logID, let position) {
            report.add(logID, position, "the record does not follow its subject's earlier ones")
        }
        await connection.close()
        return report
    }

    /// A row of the log as read for checking.
    private struct Row: Sendable {
        let position: Int64
        let id: Identifier
        let clientID: String?
        let subject: Identifier?
        let version: Int64?
        let type: String
        let time: Int64
        let bytes: [UInt8]
    }

    private static func checkLogs(
        _ connection: PostgresConnection, _ report: inout VerificationReport
    ) async throws {
        let sizes = try await connection.query(
            Statement("verify_sizes", "select log_id, size from ledger.log order by log_id")
        ) { result throws(PostgresError) in
            var sizes: [(Int32, Int64)] = []
            for row in 0..<result.rowCount {
                sizes.append((try result.int4(row, 0), try result.int8(row, 1)))
            }
            return sizes
        }
        for (logID, size) in sizes {
            var next: Int64 = 0
            while true {
                let page = try await page(logID, from: next, connection)
                for row in page {
                    if row.position != next {
                        report.add(
                            logID, next,
                            "positions \(next) to \(row.position - 1) are missing")
                    }
                    for problem in problems(of: row) { report.add(logID, row.position, problem) }
                    report.events += 1
                    next = row.position + 1
                }
                if page.count < Int(pageEvents) { break }
            }
            if next != size {
                report.add(
                    logID, next, "the log ends at \(next), its head says \(size)")
            }
        }
    }

    private static func problems(of row: Row) -> [String] {
        guard let record = try? Record(decoding: row.bytes) else {
            return ["the record is not one that the ledger writes"]
        }
        var problems: [String] = []
        if record.id != row.id { problems.append("column event_id differs from the record") }
        if record.clientID != row.clientID {
            problems.append("column app_id differs from the record's source")
        }
        if record.subject != row.subject {
            problems.append("column subject differs from the record")
        }
        if record.subjectVersion != row.version {
            problems.append("column subject_version differs from the record")
        }
        if "\(record.event.type)" != row.type {
            problems.append("column type differs from the record")
        }
        if record.time.microseconds != row.time {
            problems.append("column recorded_at differs from the record")
        }
        return problems
    }

    private static func page(
        _ logID: Int32, from position: Int64, _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Row] {
        try await connection.query(
            Statement(
                "verify_page",
                """
                select e.position, e.event_id, a.client_id, e.subject, e.subject_version, e.type,
                    e.recorded_at, e.record
                from ledger.event e left join ledger.app a using (app_id)
                where e.log_id = $1 and e.position >= $2 order by e.position limit $3
                """,
                .int4(logID), .int8(position), .int8(pageEvents))
        ) { result throws(PostgresError) in
            var rows: [Row] = []
            for row in 0..<result.rowCount {
                rows.append(
                    Row(
                        position: try result.int8(row, 0),
                        id: Identifier(value: try result.uuid(row, 1)),
                        clientID: try result.textOrNil(row, 2),
                        subject: try result.uuidOrNil(row, 3).map { Identifier(value: $0) },
                        version: try result.int8OrNil(row, 4), type: try result.text(row, 5),
                        time: try result.timestamptz(row, 6), bytes: try result.bytes(row, 7)))
            }
            return rows
        }
    }

    private static func checkProjection(
        _ connection: PostgresConnection, _ report: inout VerificationReport
    ) async throws {
        var users: Int64 = 0
        var wrong: [FoldedSubject] = []
        var fold = SubjectFold(connection)
        try await fold.run { folded in
            users += Int64(folded.count)
            let live = try await projectionRows(of: folded.map(\.subject), connection)
            for subject in folded where live[subject.subject.value] != row(of: subject) {
                if wrong.count < findingsMax { wrong.append(subject) }
            }
        }
        for subject in wrong {
            report.add(
                subject.logID, nil,
                "the projection row of subject \(subject.subject) is not what its events give")
        }
        let rows = try await connection.query(
            Statement("count_projection", "select count(*) from ledger.current_token")
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        if rows != users {
            report.add(0, nil, "the projection has \(rows) rows, the log has \(users) users")
        }
        report.users = users
    }

    /// A projection row as one comparable text.
    private static func row(of folded: FoldedSubject) -> String {
        let state = String(decoding: folded.state.encoded(), as: UTF8.self)
        return "\(folded.logID) \(folded.app) \(folded.state.version) \(folded.state.status.rawValue) "
            + "\(folded.changedAt.microseconds) \(state)"
    }

    private static func projectionRows(
        of subjects: [Identifier], _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: String] {
        try await connection.query(
            Statement(
                "verify_projection",
                """
                select subject, log_id, app_id, subject_version, status, changed_at, state::text
                from ledger.current_token where subject = any ($1)
                """,
                .uuidArray(subjects.map(\.value)))
        ) { result throws(PostgresError) in
            var rows: [UInt128: String] = [:]
            for row in 0..<result.rowCount {
                let app = Identifier(value: try result.uuid(row, 2))
                rows[try result.uuid(row, 0)] =
                    "\(try result.int4(row, 1)) \(app) \(try result.int8(row, 3)) "
                    + "\(try result.text(row, 4)) \(try result.timestamptz(row, 5)) "
                    + (try result.text(row, 6))
            }
            return rows
        }
    }
}
