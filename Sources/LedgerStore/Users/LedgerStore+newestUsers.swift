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
        let statement = Statement(
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
            .int4(Log.facts.id),
            .uuid(app.id.value),
            .uuid(subject?.value ?? .max),
            .int8(
                status == nil
                    ? max(StoreLimits.listedUsersMax, shownMax) : StoreLimits.countedUsersMax
            ),
            .text(status?.rawValue),
            .int8(shownMax)
        )
        let rows = try await bulk.rows(statement) { result, row throws(PostgresError) in
            (subject: Identifier(value: try result.uuid(row, 0)), isShown: try result.bool(row, 1))
        }
        let shown = rows.filter(\.isShown).map(\.subject).sorted(by: >)
        let page = Array(shown.prefix(limit))
        let next = shown.count > limit ? page.last : rows.first { !$0.isShown }?.subject
        return (try await found(Self.questions(page, app, foundIn: .facts), of: app), next)
    }
}
