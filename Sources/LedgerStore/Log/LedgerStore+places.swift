package import Ledger

extension LedgerStore {
    /// What stands before a position of a log; nil where nothing does.
    package func place(
        before position: Int64,
        in log: Log
    ) async throws(StoreError) -> LogPlace? {
        guard position > 0 else { return nil }
        return try await place(at: position - 1, in: log)
    }

    /// Places that somebody kept in a list of so many logs, as `read` takes them from their text of this number of logs
    /// or of fewer, before others were added; nil where they are none.
    package func kept(
        in count: Int,
        _ read: (Int) -> LogPlaces?
    ) -> LogPlaces? {
        for former in logs.counts(of: count) {
            if let places = read(former) { return places.among(count: count) }
        }
        return nil
    }

    /// Whether a log still has what somebody has read there, in the database or as cold history.
    package func has(_ place: LogPlace, in log: Log) async throws(StoreError) -> Bool {
        try await self.place(at: place.position, in: log) == place
    }

    /// What is cold has left its hash in a tile.
    private func place(
        at position: Int64,
        in log: Log
    ) async throws(StoreError) -> LogPlace? {
        if try await coldHistory(of: log).before > position {
            return try await storedLeaf(at: position, log: log)
                .map { LogPlace(position: position, leaf: $0) }
        }
        return try await event(at: position, log: log).map { LogPlace(of: $0) }
    }

    /// Whether the logs still have what somebody has read there.
    package func has(_ places: LogPlaces, in logs: [Log]) async throws(StoreError) -> Bool {
        for (log, reached) in zip(logs, places.reached) {
            guard let place = reached.place else { continue }
            guard try await has(place, in: log) else { return false }
        }
        return true
    }

    /// The same places with what stands before each, where anything does: nothing does where somebody asks
    /// for positions beyond a log's end.
    package func seen(
        _ places: LogPlaces,
        in logs: [Log]
    ) async throws(StoreError) -> LogPlaces {
        var seen = places.reached
        for (index, log) in logs.enumerated() where seen[index].isOpen {
            guard let place = try await place(before: seen[index].next, in: log) else { continue }
            seen[index] = LogPlaces.Reached(behind: place)
        }
        return LogPlaces(seen)
    }

    /// The same of places to which somebody has read.
    package func known(
        _ places: LogPlaces,
        in logs: [Log]
    ) async throws(StoreError) -> LogPlaces {
        let known = try await seen(places, in: logs)
        guard !known.reached.contains(where: \.isOpen) else { throw .damaged(.record) }
        return known
    }

    /// Where each of some logs ends.
    package func ends(of logs: [Log]) async throws(StoreError) -> [Int64] {
        var ends: [Int64] = []
        for log in logs { ends.append(try await size(log: log)) }
        return ends
    }
}
