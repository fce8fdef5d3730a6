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
        let countedMax = StoreLimits.countedUsersMax / Int64(logs.pairs)
        var counts: [SubjectState.Status: Int64] = [:]
        var isCut = false
        for log in logs.list(.facts) {
            let rows = try await bulk[log].rows(Self.userCounts(of: app, log, countedMax)) {
                result,
                row throws(PostgresError) in
                (status: try result.text(row, 0), count: try result.int8(row, 1))
            }
            for row in rows {
                guard let status = SubjectState.Status(rawValue: row.status) else {
                    throw .damaged(.state)
                }
                counts[status, default: 0] += row.count
            }
            isCut = isCut || rows.reduce(0) { $0 + $1.count } >= countedMax
        }
        return UserCounts(counts: counts, isCut: isCut)
    }

    private static func userCounts(
        of app: StoredApp,
        _ log: Log,
        _ countedMax: Int64
    ) -> Statement {
        Statement(
            "user_counts",
            """
            select status, count(*) from (
                select status from vault.user_state
                where log_id = $1 and app_id = $2
                order by subject desc limit $3
            ) newest group by status
            """,
            .int4(log.id),
            .uuid(app.id.value),
            .int8(countedMax)
        )
    }

    /// What happened to an app's users since a time, by hour and type.
    ///
    /// No more than the last `StoreLimits.countedEventsMax` positions of the logs are looked at; where
    /// those do not reach back to `start`, the answer says how far they do.
    package func recentEvents(
        of app: StoredApp,
        since start: Timestamp
    ) async throws(StoreError) -> RecentEvents {
        let countedMax = StoreLimits.countedEventsMax / Int64(logs.pairs)
        var since = start
        var firsts: [(log: Log, position: Int64)] = []
        for log in logs.list(.facts) {
            let first = max(0, try await size(log: log) - countedMax)
            if first > 0, let reached = try await recordedAt(first, log: log) {
                since = max(since, reached)
            }
            firsts.append((log, first))
        }
        var hours: [Int64: [String: Int64]] = [:]
        for (log, first) in firsts {
            let rows = try await bulk[log].rows(
                Self.recentEvents(of: app, log, from: first, since: since)
            ) { result, row throws(PostgresError) in
                (
                    hour: try result.timestamptz(row, 0), type: try result.text(row, 1),
                    count: try result.int8(row, 2)
                )
            }
            for row in rows { hours[row.hour, default: [:]][row.type, default: 0] += row.count }
        }
        return RecentEvents(
            hours: hours.sorted { $0.key < $1.key }.map {
                HourOfEvents(start: Timestamp(microseconds: $0.key), counts: $0.value)
            },
            since: since
        )
    }

    private static func recentEvents(
        of app: StoredApp,
        _ log: Log,
        from first: Int64,
        since: Timestamp
    ) -> Statement {
        Statement(
            "recent_events",
            """
            select date_trunc('hour', recorded_at, 'UTC'), type, count(*)
            from ledger.event
            where log_id = $1 and position >= $2 and app_id = $3 and recorded_at >= $4
            group by 1, 2 order by 1
            """,
            .int4(log.id),
            .int8(first),
            .uuid(app.id.value),
            .timestamptz(microsecondsSince1970: since.microseconds)
        )
    }
}
