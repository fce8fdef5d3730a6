package import Ledger
internal import Postgres

/// For whom an event is, without the event: one reading of it serves all who follow a log.
package struct EventTraits: Sendable {
    private let app: Identifier
    private let subject: Identifier?
    private let type: String
    /// When it was recorded.
    package let time: Timestamp

    /// Reads `app_id, subject` of the columns of `StoredEvent`, and `type, recorded_at` behind them.
    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        app = Identifier(value: try result.uuid(row, 5))
        subject = try result.uuidOrNil(row, 6).map { Identifier(value: $0) }
        type = try result.text(row, 8)
        time = Timestamp(microseconds: try result.timestamptz(row, 9))
    }

    /// Whether it is an event of this app that fulfils the conditions: the columns say so, as they do
    /// where the database is asked (`EventQuery.statement`).
    package func isFor(_ app: Identifier, _ query: EventQuery) -> Bool {
        guard self.app == app else { return false }
        if let asked = query.subject, asked != subject { return false }
        if let since = query.since, time < since { return false }
        if let before = query.before, time >= before { return false }
        // Texts are compared byte by byte, as PostgreSQL does.
        return query.types.isEmpty
            || query.types.contains { $0.utf8.elementsEqual(type.utf8) }
    }
}
