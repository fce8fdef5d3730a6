package import Ledger
internal import Postgres

/// How many users of an app are in which state, as far as was counted.
package struct UserCounts: Sendable {
    /// By status; a status without users is not there.
    package let counts: [SubjectState.Status: Int64]
    /// Whether there are older users, who were not counted.
    package let isCut: Bool
}

/// What happened in one hour, by type of event.
package struct HourOfEvents: Sendable {
    /// When it begins.
    package let start: Timestamp
    package let counts: [String: Int64]
}

/// What happened to an app's users of late.
package struct RecentEvents: Sendable {
    /// Those in which anything happened, in order.
    package let hours: [HourOfEvents]
    /// From when on everything was counted; what is older may be missing.
    package let since: Timestamp
}

extension LedgerStore {
    /// How many of an app's newest users are in which state.
    ///
    /// No more than `StoreLimits.countedUsersMax` are looked at, in the order of their primary key: a
    /// count of all would read a table of millions for one page.
    package func userCounts(of app: StoredApp) async throws(StoreError) -> UserCounts {
        let rows = try await bulk.rows(
            Statement(
                "user_counts",
                """
                select status, count(*) from (
                    select status from vault.user_state
                    where log_id = $1 and app_id = $2
                    order by subject desc limit $3
                ) newest group by status
                """,
                .int4(Log.facts.id),
                .uuid(app.id.value),
                .int8(StoreLimits.countedUsersMax)
            )
        ) { result, row throws(PostgresError) in
            (status: try result.text(row, 0), count: try result.int8(row, 1))
        }
        var counts: [SubjectState.Status: Int64] = [:]
        for row in rows {
            guard let status = SubjectState.Status(rawValue: row.status) else {
                throw .damaged(.state)
            }
            counts[status] = row.count
        }
        let sum = counts.values.reduce(0, +)
        return UserCounts(counts: counts, isCut: sum >= StoreLimits.countedUsersMax)
    }

    /// What happened to an app's users since a time, by hour and type.
    ///
    /// No more than the last `StoreLimits.countedEventsMax` positions of the log are looked at; where
    /// those do not reach back to `start`, the answer says how far they do.
    package func recentEvents(
        of app: StoredApp,
        since start: Timestamp
    ) async throws(StoreError) -> RecentEvents {
        let first = max(0, try await size(log: .facts) - StoreLimits.countedEventsMax)
        let reached = first == 0 ? nil : try await recordedAt(first, log: .facts)
        let since = max(start, reached ?? start)
        let rows = try await bulk.rows(
            Statement(
                "recent_events",
                """
                select date_trunc('hour', recorded_at, 'UTC'), type, count(*)
                from ledger.event
                where log_id = $1 and position >= $2 and app_id = $3 and recorded_at >= $4
                group by 1, 2 order by 1
                """,
                .int4(Log.facts.id),
                .int8(first),
                .uuid(app.id.value),
                .timestamptz(microsecondsSince1970: since.microseconds)
            )
        ) { result, row throws(PostgresError) in
            (
                hour: try result.timestamptz(row, 0), type: try result.text(row, 1),
                count: try result.int8(row, 2)
            )
        }
        var hours: [HourOfEvents] = []
        for (hour, rows) in Dictionary(grouping: rows, by: \.hour).sorted(by: { $0.key < $1.key }) {
            hours.append(
                HourOfEvents(
                    start: Timestamp(microseconds: hour),
                    counts: Dictionary(rows.map { ($0.type, $0.count) }) { first, _ in first }
                )
            )
        }
        return RecentEvents(hours: hours, since: since)
    }
}
