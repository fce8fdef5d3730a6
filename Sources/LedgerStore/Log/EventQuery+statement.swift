internal import Ledger
internal import Postgres

extension EventQuery {
    /// Asks for the events of a stretch of a log, in order of their positions.
    ///
    /// Its rows are those of `StoredEvent`; the last one may be the one with which the records are
    /// so many bytes. A subject's events are few and have an index of their own; the name and the
    /// SQL differ only in that. There it is "position + 0", so that nobody reads the log in its order
    /// (docs/decisions/0008-subqueries-instead-of-joins-in-the-append.md).
    func statement(
        log: Log,
        positions: Range<Int64>,
        limit: Int,
        bytesMax: Int = .max
    ) -> Statement {
        let parameters: [PostgresParameter] = [
            .int4(log.id),
            .int8(positions.lowerBound),
            .int8(positions.upperBound),
            .text(clientID),
            types.isEmpty ? .null(.textArray) : .textArray(types),
            .timestamptz(microsecondsSince1970: since?.microseconds),
            .timestamptz(microsecondsSince1970: before?.microseconds),
            .int8(Int64(limit)),
            .int8(Int64(bytesMax)),
        ]
        // An app that does not exist has no id, and nothing equals that: no events, never all.
        guard let subject else {
            return Statement(
                "events",
                """
                select log_id, position, record, mac, event_id, app_id, subject, subject_version
                from (
                    select *, sum(octet_length(record)) over (
                            order by position rows between unbounded preceding and 1 preceding
                        ) as bytes_before
                    from (
                        select log_id, position, record, mac, event_id, app_id, subject, subject_version
                        from ledger.event
                        where log_id = $1 and position >= $2 and position < $3
                            and ($4::text is null
                                or app_id = (select a.app_id from ledger.app a where a.client_id = $4))
                            and ($5::text[] is null or type = any ($5))
                            and ($6::timestamptz is null or recorded_at >= $6)
                            and ($7::timestamptz is null or recorded_at < $7)
                        order by position limit $8
                    ) found
                ) counted
                where coalesce(bytes_before, 0) < $9 order by position
                """,
                parameters
            )
        }
        return Statement(
            "events_of_subject",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from (
                select *, sum(octet_length(record)) over (
                        order by position rows between unbounded preceding and 1 preceding
                    ) as bytes_before
                from (
                    select log_id, position, record, mac, event_id, app_id, subject, subject_version
                    from ledger.event
                    where log_id = $1 and subject = $10 and position + 0 >= $2
                        and position + 0 < $3
                        and ($4::text is null
                            or app_id = (select a.app_id from ledger.app a where a.client_id = $4))
                        and ($5::text[] is null or type = any ($5))
                        and ($6::timestamptz is null or recorded_at >= $6)
                        and ($7::timestamptz is null or recorded_at < $7)
                    order by position + 0 limit $8
                ) found
            ) counted
            where coalesce(bytes_before, 0) < $9 order by position
            """,
            parameters + [.uuid(subject.value)]
        )
    }
}
