package import Ledger
internal import Postgres

extension LedgerStore {
    /// A page of an app's users, the newest first, perhaps only those in one state, and before which
    /// one to go on; nil where nobody older is left.
    ///
    /// Pseudonyms are in order of time (docs/decisions/0011-subjects-are-time-ordered.md). A call looks
    /// at a bounded number of users, so a page of one state may be short or empty before the end, and so may
    /// one of all where many next to each other were erased.
    package func newestUsers(
        of app: StoredApp,
        in status: SubjectState.Status?,
        before subject: Identifier?,
        limit: Int
    ) async throws(StoreError) -> (users: [FoundUser], next: Identifier?) {
        // One more than is asked for tells whether there are more.
        let shownMax = Int64(limit + 1)
        var shown: [PlacedUser] = []
        // The youngest of those before whom a log was not looked at: nobody is shown who is older.
        var bound: Identifier?
        for log in logs.list(.facts) {
            let rows = try await bulk[log].rows(
                Self.newestUsers(of: app, log, in: status, before: subject, shownMax)
            ) { result, row throws(PostgresError) in
                (
                    user: PlacedUser(
                        log: log,
                        subject: Identifier(value: try result.uuid(row, 0))
                    ),
                    isShown: try result.bool(row, 1)
                )
            }
            shown += rows.filter(\.isShown).map(\.user)
            for row in rows where !row.isShown {
                bound = max(bound ?? row.user.subject, row.user.subject)
            }
        }
        if let bound { shown.removeAll { $0.subject < bound } }
        shown.sort { $0.subject > $1.subject }
        let page = shown.prefix(limit)
        let next = shown.count > limit ? page.last?.subject : bound
        return (try await found(page.map { $0.question(app) }, of: app), next)
    }

    private static func newestUsers(
        of app: StoredApp,
        _ log: Log,
        in status: SubjectState.Status?,
        before subject: Identifier?,
        _ shownMax: Int64
    ) -> Statement {
        Statement(
            "newest_users",
            """
            with looked_at as materialized (
                select subject, status from vault.user_state
                where log_id = $1 and app_id = $2 and subject < $3
                order by subject desc limit $4
            )
            select subject, true from (
                select subject from looked_at
                where status <> 'erased' and ($5::text is null or status = $5)
                order by subject desc limit $6
            ) shown
            union all
            select subject, false from (
                select subject from looked_at order by subject limit 1
            ) oldest
            where (select count(*) from looked_at) = $4
            """,
            .int4(log.id),
            .uuid(app.id.value),
            .uuid(subject?.value ?? .max),
            .int8(
                status == nil
                    ? max(StoreLimits.listedUsersMax, shownMax) : StoreLimits.countedUsersMax
            ),
            .text(status?.rawValue),
            .int8(shownMax)
        )
    }
}
