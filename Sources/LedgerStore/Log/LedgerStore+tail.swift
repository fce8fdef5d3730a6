package import Ledger
internal import Postgres

extension LedgerStore {
    /// What stands at a log's end, from a position on, whoever it is for; bounded.
    ///
    /// Positions are given out under the log's lock and become visible in their order
    /// (docs/decisions/0001-one-append-lock-and-group-commit.md), so nothing appears later before what
    /// was read.
    package func end(
        of log: Log,
        from position: Int64
    ) async throws(StoreError) -> LogEnd {
        let statement = Statement(
            "log_end",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version,
                type, recorded_at
            from ledger.event
            where log_id = $1 and position >= $2 order by position limit $3
            """,
            .int4(log.id),
            .int8(position),
            .int8(Int64(StoreLimits.tailEventsMax))
        )
        let end = try await lookups[log].query(statement) { [vault] result throws(PostgresError) in
            var end = LogEnd()
            var bytes = 0
            for row in 0..<result.rowCount {
                guard bytes < StoreLimits.tailBytesMax else {
                    end.hasMore = true
                    return end
                }
                let event = try StoredEvent(result, row, vault)
                bytes += event.bytes.count
                end.events.append((event, try EventTraits(result, row)))
            }
            end.hasMore = result.rowCount == StoreLimits.tailEventsMax
            return end
        }
        // Positions have no holes, unless what was asked for is cold: the end of a log never is.
        let isDense = zip(end.events, position...).allSatisfy { $0.event.position == $1 }
        if end.events.isEmpty || !isDense { _ = try await requireWarm(log, from: position) }
        return end
    }

    /// The events that a query asks for in a stretch of a log, for a reader who is behind, and where to
    /// go on; bounded, so a page may be empty before the stretch ends.
    package func passed(
        _ query: EventQuery,
        log: Log,
        positions: Range<Int64>
    ) async throws(StoreError) -> (events: [StoredEvent], next: Int64) {
        guard !positions.isEmpty else { return ([], positions.upperBound) }
        // A subject's events are few and have an index of their own: no stretch is needed.
        let end =
            query.subject != nil
            ? positions.upperBound
            : min(positions.upperBound, positions.lowerBound + StoreLimits.scannedEventsMax)
        let history = try await requireWarm(log, from: positions.lowerBound)
        let events = try await bulk[log].rows(
            query.statement(
                log: log,
                positions: positions.lowerBound..<end,
                limit: StoreLimits.tailEventsMax,
                bytesMax: StoreLimits.tailBytesMax
            ),
            decode
        )
        try await requireUnchanged(history, log)
        let isCut =
            events.count == StoreLimits.tailEventsMax
            || events.reduce(0) { $0 + $1.bytes.count } >= StoreLimits.tailBytesMax
        return (events, isCut ? (events.last?.position ?? end) + 1 : end)
    }

    /// The same of several logs, up to where each ends; in the order of `LogMerge`.
    package func passed(
        _ query: EventQuery,
        logs: [Log],
        from places: LogPlaces,
        ends: [Int64]
    ) async throws(StoreError) -> MergedEvents {
        var stretches: [LogMerge<StoredEvent>.Stretch] = []
        for (index, log) in logs.enumerated() {
            let start = places.reached[index].next
            let end = max(start, ends[index])
            let found = try await passed(query, log: log, positions: start..<end)
            stretches.append(
                LogMerge<StoredEvent>.Stretch(
                    found.events,
                    next: found.next,
                    isAtEnd: found.next >= end
                )
            )
        }
        return MergedEvents(
            stretches,
            .oldestFirst,
            limit: StoreLimits.tailEventsMax,
            from: places
        )
    }

    /// Records that somebody is about to be told what happens: where it begins in each of some logs.
    ///
    /// Durable when it returns; no byte may leave before (docs/threats.md#t28).
    package func recordFollow(
        of logs: [Log],
        from places: LogPlaces,
        _ query: EventQuery,
        app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) {
        let follows = zip(logs, places.reached).map { log, reached in
            LedgerEvent.logFollowed(
                LedgerEvent.Follow(log: log.id, from: reached.next, query: query)
            )
        }
        try await recordAccess(follows, of: app, query.subject, context)
    }
}
