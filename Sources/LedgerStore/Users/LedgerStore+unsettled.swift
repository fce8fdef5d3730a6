package import Ledger
internal import Postgres

/// A user with a finalize that somebody must look after.
package struct UnsettledUser: Sendable {
    package let app: Identifier
    package let subject: Identifier
    /// From when on.
    let due: Timestamp
}

extension LedgerStore {
    /// A page of the users whose finalizes are due, those that are due longest first, after one.
    ///
    /// Users whose database is away are left out.
    package func unsettledUsers(
        by time: Timestamp,
        after last: UnsettledUser?,
        limit: Int
    ) async throws(StoreError) -> [UnsettledUser] {
        var users: [UnsettledUser] = []
        var passedOver = PassedOver()
        for log in logs.list(.facts) {
            let statement = Self.unsettledUsers(log, by: time, after: last, limit: limit)
            do {
                users += try await database[log].rows(statement, Self.unsettledUser)
            } catch {
                try passedOver.add(error)
            }
        }
        try passedOver.end(of: logs.pairs)
        guard logs.pairs > 1 else { return users }
        return Array(
            users.sorted { ($0.due, $0.subject) < ($1.due, $1.subject) }.prefix(limit)
        )
    }

    private static let unsettledUser: RowDecoder<UnsettledUser> = {
        result,
        row throws(PostgresError) in
        UnsettledUser(
            app: Identifier(value: try result.uuid(row, 0)),
            subject: Identifier(value: try result.uuid(row, 1)),
            due: Timestamp(microseconds: try result.timestamptz(row, 2))
        )
    }

    static func unsettledUsers(
        _ log: Log,
        by time: Timestamp,
        after last: UnsettledUser?,
        limit: Int
    ) -> Statement {
        Statement(
            "unsettled_users",
            """
            select app_id, subject, settle_at from vault.user_state
            where log_id = $1 and settle_at <= $2 and (settle_at, subject) > ($3, $4)
            order by settle_at, subject limit $5
            """,
            .int4(log.id),
            .timestamptz(microsecondsSince1970: time.microseconds),
            .timestamptz(microsecondsSince1970: last?.due.microseconds ?? 0),
            .uuid(last?.subject.value ?? 0),
            .int8(Int64(limit))
        )
    }
}
