internal import Ledger
internal import LedgerStore
internal import Postgres

/// Notes which subjects have another row in the rebuilt projection than in the live one.
///
/// `*<>` compares rows byte by byte, with all columns of the projection; it gives null where one of
/// the two has no row.
enum RebuildComparison {
    private struct Key: Sendable {
        let logID: Int32
        let app: UInt128
        let subject: UInt128

        static let first = Key(logID: .min, app: 0, subject: 0)
        static let last = Key(logID: .max, app: .max, subject: .max)
    }

    /// Compares everything, in pages: one long statement would keep an old snapshot alive, and
    /// every append would have to walk the dead versions of its log's head.
    static func compareAll(_ connection: PostgresConnection) async throws(PostgresError) {
        var after = Key.first
        while true {
            let end = try await pageEnd(after, connection)
            try await compare(after, end ?? .last, connection)
            guard let end else { return }
            after = end
        }
    }

    private static func pageEnd(
        _ after: Key,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Key? {
        try await connection.firstRow(
            Statement(
                "compare_page_end",
                """
                select log_id, app_id, subject from rebuilt
                where (log_id, app_id, subject) > ($1, $2, $3)
                order by log_id, app_id, subject offset 9999 limit 1
                """,
                .int4(after.logID),
                .uuid(after.app),
                .uuid(after.subject)
            )
        ) { result, row throws(PostgresError) in
            Key(
                logID: try result.int4(row, 0),
                app: try result.uuid(row, 1),
                subject: try result.uuid(row, 2)
            )
        }
    }

    private static func compare(
        _ after: Key,
        _ end: Key,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "compare_page",
                """
                insert into differing
                select log_id, app_id, subject
                from (
                    select * from live
                    where (log_id, app_id, subject) > ($1, $2, $3)
                        and (log_id, app_id, subject) <= ($4, $5, $6)
                ) before
                full join (
                    select * from rebuilt
                    where (log_id, app_id, subject) > ($1, $2, $3)
                        and (log_id, app_id, subject) <= ($4, $5, $6)
                ) after using (log_id, app_id, subject)
                where coalesce(before *<> after, true)
                """,
                .int4(after.logID),
                .uuid(after.app),
                .uuid(after.subject),
                .int4(end.logID),
                .uuid(end.app),
                .uuid(end.subject)
            )
        )
    }

    /// Compares a few subjects.
    static func compare(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "compare_subjects",
                """
                insert into differing
                select rebuilt.log_id, rebuilt.app_id, rebuilt.subject
                from unnest($1::int[], $2::uuid[], $3::uuid[]) as f (log_id, app_id, subject)
                join rebuilt on rebuilt.log_id = f.log_id
                    and rebuilt.app_id = f.app_id and rebuilt.subject = f.subject
                left join live on live.log_id = f.log_id
                    and live.app_id = f.app_id and live.subject = f.subject
                where coalesce(live *<> rebuilt, true)
                on conflict do nothing
                """,
                .int4Array(folded.map(\.logID)),
                .uuidArray(folded.map(\.app.value)),
                .uuidArray(folded.map(\.subject.value))
            )
        )
    }

    /// Drops what was folded and found of a few subjects; gives how many had been folded.
    static func forget(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Int64 {
        try await connection.query(
            Statement(
                "forget_rebuilt",
                """
                with named as (
                    select * from unnest($1::int[], $2::uuid[], $3::uuid[])
                        as f (log_id, app_id, subject)
                ), found as (
                    delete from differing d using named f where d.log_id = f.log_id
                        and d.app_id = f.app_id and d.subject = f.subject
                ), dropped as (
                    delete from rebuilt r using named f
                    where r.log_id = f.log_id and r.app_id = f.app_id and r.subject = f.subject
                    returning r.subject
                )
                select count(*) from dropped
                """,
                .int4Array(folded.map(\.logID)),
                .uuidArray(folded.map(\.app.value)),
                .uuidArray(folded.map(\.subject.value))
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// How many subjects differ.
    static func count(_ connection: PostgresConnection) async throws(PostgresError) -> Int64 {
        try await connection.query(
            Statement("count_differing", "select count(*) from differing")
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// How many are named of those that differ.
    private static let namedMax: Int64 = 20

    /// Some of them, in order.
    static func named(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Identifier] {
        try await connection.rows(
            Statement(
                "name_differing",
                "select subject from differing order by log_id, app_id, subject limit $1",
                .int8(namedMax)
            )
        ) { result, row throws(PostgresError) in Identifier(value: try result.uuid(row, 0)) }
    }
}
