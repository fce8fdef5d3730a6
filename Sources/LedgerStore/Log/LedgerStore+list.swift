package import Ledger
internal import Postgres

extension LedgerStore {
    /// The logs of a kind in which there may be what is about one user or endpoint; all where none is named.
    package func logs(_ kind: Log.Kind, about id: Identifier?) -> [Log] {
        logs.list(LogChoice(kind), about: id)
    }

    /// Events of a log that a query asks for, from a position on, and where to go on.
    ///
    /// A call looks at a bounded stretch of the log, so a query that few events fulfil gives short
    /// or empty pages before the end; `next` is nil exactly where no more can follow.
    package func events(
        _ query: EventQuery,
        log: Log,
        from position: Int64,
        limit: Int
    ) async throws(StoreError) -> (events: [StoredEvent], next: Int64?) {
        let found = try await stretch(query, log, from: position, limit: limit)
        return (found.elements, found.isAtEnd ? nil : found.next)
    }

    /// The same of several logs, in the order of `LogMerge`.
    ///
    /// All together they look at no more than one log alone would, but for one stretch of each.
    package func events(
        _ query: EventQuery,
        logs: [Log],
        from places: LogPlaces,
        limit: Int
    ) async throws(StoreError) -> MergedEvents {
        var stretches: [LogMerge<StoredEvent>.Stretch] = []
        for (log, reached) in zip(logs, places.reached) {
            stretches.append(
                try await stretch(
                    query,
                    log,
                    from: reached.next,
                    limit: limit,
                    stretchesMax: max(1, StoreLimits.stretchesMax / logs.count)
                )
            )
        }
        return MergedEvents(stretches, .oldestFirst, limit: limit, from: places)
    }

    private func stretch(
        _ query: EventQuery,
        _ log: Log,
        from position: Int64,
        limit: Int,
        stretchesMax: Int = StoreLimits.stretchesMax
    ) async throws(StoreError) -> LogMerge<StoredEvent>.Stretch {
        let history = try await requireWarm(log, from: position)
        let size = try await size(log: log)
        // A subject's events are few and have an index of their own: no stretch is needed.
        let stretch = query.subject == nil ? StoreLimits.scannedEventsMax : size
        var found: [StoredEvent] = []
        var start = position
        for _ in 0..<stretchesMax {
            guard start < size, found.count <= limit else { break }
            let end = min(size, start + stretch)
            found += try await bulk[log].rows(
                query.statement(
                    log: log,
                    positions: start..<end,
                    limit: limit + 1 - found.count
                ),
                decode
            )
            start = end
        }
        try await requireUnchanged(history, log)
        // One more than is asked for tells whether there are more.
        guard found.count > limit, let next = found.last?.position else {
            return LogMerge<StoredEvent>.Stretch(found, next: start, isAtEnd: start >= size)
        }
        return LogMerge<StoredEvent>.Stretch(found.dropLast(), next: next, isAtEnd: false)
    }
}
