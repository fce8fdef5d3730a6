package import Ledger
internal import Postgres

/// A user with a finalize that somebody must look after.
package struct UnsettledUser: Sendable {
    package let log: Log
    package let app: Identifier
    package let subject: Identifier
    /// From when on.
    let due: Timestamp
}

extension LedgerStore {
    /// A page of the users whose finalizes are due, those that are due longest first, after one.
    package func unsettledUsers(
        by time: Timestamp,
        after last: UnsettledUser?,
        limit: Int
    ) async throws(StoreError) -> [UnsettledUser] {
        try await database.rows(
            Statement(
                "unsettled_users",
                """
                select log_id, app_id, subject, settle_at from vault.user_state
                where settle_at <= $1 and (settle_at, subject) > ($2, $3)
                order by settle_at, subject limit $4
                """,
                .timestamptz(microsecondsSince1970: time.microseconds),
                .timestamptz(microsecondsSince1970: last?.due.microseconds ?? 0),
                .uuid(last?.subject.value ?? 0),
                .int8(Int64(limit))
            )
        ) { result, row throws(PostgresError) in
            UnsettledUser(
                log: try Log(result, row, 0),
                app: Identifier(value: try result.uuid(row, 1)),
                subject: Identifier(value: try result.uuid(row, 2)),
                due: Timestamp(microseconds: try result.timestamptz(row, 3))
            )
        }
    }
}
