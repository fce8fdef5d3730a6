package import Ledger
internal import Postgres

extension LedgerStore {
    /// The last events that a query asks for before a position and not before another one, the newest first,
    /// and before which position to go on.
    ///
    /// A call looks at a bounded stretch of the log, so a query that few events fulfil gives short
    /// or empty pages; `next` is nil exactly where nothing older is left. Events of a subject have an index:
    /// for them all of the log is one stretch. What is cold counts as not there.
    package func latestEvents(
        _ query: EventQuery,
        log: Log,
        from first: Int64 = 0,
        before end: Int64,
        limit: Int
    ) async throws(StoreError) -> (events: [StoredEvent], next: Int64?) {
        let found = try await latest(query, log, from: first, before: end, limit: limit)
        return (found.elements, found.isAtEnd ? nil : found.next)
    }

    /// The same of several logs, each before its place; in the order of `LogMerge`.
    package func latestEvents(
        _ query: EventQuery,
        logs: [Log],
        before places: LogPlaces,
        limit: Int
    ) async throws(StoreError) -> MergedEvents {
        var stretches: [LogMerge<StoredEvent>.Stretch] = []
        for (log, reached) in zip(logs, places.reached) {
            stretches.append(
                try await latest(
                    query,
                    log,
                    before: reached.next,
                    limit: limit,
                    stretchesMax: max(1, StoreLimits.stretchesMax / logs.count)
                )
            )
        }
        return MergedEvents(stretches, .newestFirst, limit: limit, from: places)
    }

    private func latest(
        _ query: EventQuery,
        _ log: Log,
        from first: Int64 = 0,
        before end: Int64,
        limit: Int,
        stretchesMax: Int = StoreLimits.stretchesMax
    ) async throws(StoreError) -> LogMerge<StoredEvent>.Stretch {
        let stretch = query.subject == nil ? StoreLimits.scannedEventsMax : end
        let history = try await coldHistory(of: log)
        let first = max(first, history.before)
        var found: [StoredEvent] = []
        var end = end
        for _ in 0..<stretchesMax {
            guard end > first, found.count <= limit else { break }
            let start = max(first, end - stretch)
            found += try await bulk[log].rows(
                query.latestStatement(
                    log: log,
                    positions: start..<end,
                    limit: limit + 1 - found.count
                ),
                decode
            )
            end = start
        }
        try await requireUnchanged(history, log)
        // One more than is asked for tells whether there are more.
        guard found.count > limit else {
            return LogMerge<StoredEvent>.Stretch(found, next: end, isAtEnd: end <= first)
        }
        let next = found[limit - 1].position
        return LogMerge<StoredEvent>.Stretch(found.dropLast(), next: next, isAtEnd: false)
    }

    /// The last events of an app whose record holds these bytes, the newest first, and how far back was
    /// looked; those of one request stand beside each other, so no more is looked for once some were found.
    package func latestEvents(
        of app: StoredApp,
        holding text: String,
        log: Log,
        from first: Int64 = 0,
        before end: Int64
    ) async throws(StoreError) -> (events: [StoredEvent], from: Int64) {
        var end = end
        let history = try await coldHistory(of: log)
        let first = max(first, history.before)
        for _ in 0..<StoreLimits.stretchesMax where end > first {
            let start = max(first, end - StoreLimits.scannedEventsMax)
            let found = try await bulk[log].rows(
                Statement(
                    "events_holding",
                    """
                    select log_id, position, record, mac, event_id, app_id, subject, subject_version
                    from ledger.event
                    where log_id = $1 and position >= $2 and position < $3 and app_id = $4
                        and position($5 in record) > 0
                    order by position desc limit $6
                    """,
                    .int4(log.id),
                    .int8(start),
                    .int8(end),
                    .uuid(app.id.value),
                    .bytea(Array(text.utf8)),
                    .int8(Int64(StoreLimits.heldEventsMax))
                ),
                decode
            )
            try await requireUnchanged(history, log)
            end = start
            if !found.isEmpty { return (found, start) }
        }
        return ([], end)
    }

    /// The positions of the next events of the same app before and after one, nil where there is none so near.
    package func neighbours(
        of event: StoredEvent
    ) async throws(StoreError) -> (before: Int64?, after: Int64?) {
        let statement = Statement(
            "neighbours",
            """
            select (
                select max(position) from ledger.event
                where log_id = $1 and position >= $2 - $4 and position < $2 and app_id = $3
            ), (
                select min(position) from ledger.event
                where log_id = $1 and position > $2 and position <= $2 + $4 and app_id = $3
            )
            """,
            .int4(event.log.id),
            .int8(event.position),
            .uuid(event.app.value),
            .int8(StoreLimits.neighbourDistanceMax)
        )
        let found = try await bulk[event.log].firstRow(statement) {
            result,
            row throws(PostgresError) in
            (before: try result.int8OrNil(row, 0), after: try result.int8OrNil(row, 1))
        }
        return found ?? (nil, nil)
    }

    /// The first position of a log whose event was recorded at a time or later; the log's size where
    /// none was.
    ///
    /// What is cold is passed over. Clocks of several copies differ a little, so the times of neighbours may not be in order, and
    /// whoever goes by the answer must look a little around it. Asks the database once for each halving.
    package func position(
        of log: Log,
        at time: Timestamp
    ) async throws(StoreError) -> Int64 {
        var low = try await coldHistory(of: log).before
        var high = try await size(log: log)
        while low < high {
            let middle = low + (high - low) / 2
            guard let recorded = try await recordedAt(middle, log: log) else {
                _ = try await requireWarm(log, from: middle)
                throw .damaged(.record)
            }
            if recorded < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// When the event at a position was recorded, as its column says.
    package func recordedAt(_ position: Int64, log: Log) async throws(StoreError) -> Timestamp? {
        try await bulk[log].firstRow(
            Statement(
                "recorded_at",
                "select recorded_at from ledger.event where log_id = $1 and position = $2",
                .int4(log.id),
                .int8(position)
            )
        ) { result, row throws(PostgresError) in
            Timestamp(microseconds: try result.timestamptz(row, 0))
        }
    }
}

extension EventQuery {
    /// Asks for the last events of a stretch of a log, the newest first.
    ///
    /// A subject's events have indexes of their own, and in the log of accesses one that is in order of
    /// positions, for there they are many. "position + 0" keeps the primary key from being read in order.
    func latestStatement(log: Log, positions: Range<Int64>, limit: Int) -> Statement {
        let parameters: [PostgresParameter] = [
            .int4(log.id),
            .int8(positions.lowerBound),
            .int8(positions.upperBound),
            .text(clientID),
            types.isEmpty ? .null(.textArray) : .textArray(types),
            .timestamptz(microsecondsSince1970: since?.microseconds),
            .timestamptz(microsecondsSince1970: before?.microseconds),
            .int8(Int64(limit)),
        ]
        guard let subject else { return Self.latestOfAll(parameters) }
        let named = parameters + [.uuid(subject.value)]
        return log.kind == .access ? Self.latestAccesses(named) : Self.latestFacts(named)
    }

    // An app that does not exist has no id, and nothing equals that: no events, never all.
    private static func latestOfAll(_ parameters: [PostgresParameter]) -> Statement {
        Statement(
            "latest_events",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from ledger.event
            where log_id = $1 and position >= $2 and position < $3
                and ($4::text is null
                    or app_id = (select a.app_id from ledger.app a where a.client_id = $4))
                and ($5::text[] is null or type = any ($5))
                and ($6::timestamptz is null or recorded_at >= $6)
                and ($7::timestamptz is null or recorded_at < $7)
            order by position desc limit $8
            """,
            parameters
        )
    }

    private static func latestFacts(_ parameters: [PostgresParameter]) -> Statement {
        Statement(
            "latest_facts_of_subject",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from ledger.event
            where log_id = $1 and subject = $9 and position + 0 >= $2 and position + 0 < $3
                and ($4::text is null
                    or app_id = (select a.app_id from ledger.app a where a.client_id = $4))
                and ($5::text[] is null or type = any ($5))
                and ($6::timestamptz is null or recorded_at >= $6)
                and ($7::timestamptz is null or recorded_at < $7)
            order by position + 0 desc limit $8
            """,
            parameters
        )
    }

    private static func latestAccesses(_ parameters: [PostgresParameter]) -> Statement {
        Statement(
            "latest_accesses_of_subject",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from ledger.event
            where log_id = $1 and subject = $9 and subject_version is null
                and position + 0 >= $2 and position + 0 < $3
                and ($4::text is null
                    or app_id = (select a.app_id from ledger.app a where a.client_id = $4))
                and ($5::text[] is null or type = any ($5))
                and ($6::timestamptz is null or recorded_at >= $6)
                and ($7::timestamptz is null or recorded_at < $7)
            order by position + 0 desc limit $8
            """,
            parameters
        )
    }
}
