package import Ledger
internal import MerkleLog
internal import Postgres

extension LedgerStore {
    /// What is cold of a log: of maps nothing can be.
    package func coldHistory(of log: Log) async throws(StoreError) -> ColdHistory {
        guard log.kind != .map else { return ColdHistory([]) }
        return ColdHistory(
            try await bulk[log].rows(ColdHistory.statement(log.id), ColdStretch.init)
        )
    }

    /// Where what is in the database begins, in each of some logs.
    package func beginning(of logs: [Log]) async throws(StoreError) -> LogPlaces {
        var reached: [LogPlaces.Reached] = []
        for log in logs {
            reached.append(LogPlaces.Reached(next: try await coldHistory(of: log).before))
        }
        return try await seen(LogPlaces(reached), in: logs)
    }

    /// Throws `StoreError.cold` where the records of a log from a position on are not all in the database.
    ///
    /// Whoever reads more than one row asks before, and `requireUnchanged` after: what was moved meanwhile is
    /// noticed, whichever way it went.
    func requireWarm(
        _ log: Log,
        from position: Int64
    ) async throws(StoreError) -> ColdHistory {
        let history = try await coldHistory(of: log)
        guard let stretch = history.cold.first(where: { position < $0.positions.upperBound }) else {
            return history
        }
        throw .cold(ColdPlace(log: log, before: history.before, export: stretch.export))
    }

    /// The same of places in some logs.
    package func requireWarm(_ places: LogPlaces, in logs: [Log]) async throws(StoreError) {
        for (log, reached) in zip(logs, places.reached) {
            _ = try await requireWarm(log, from: reached.next)
        }
    }

    /// Throws where something was moved out of a log, or put back, since its history was read: who asks again
    /// is told rightly.
    func requireUnchanged(_ history: ColdHistory, _ log: Log) async throws(StoreError) {
        guard try await coldHistory(of: log) == history else { throw .unavailable }
    }

    /// The hash that a record has as a leaf, of a tile that is stored; nil where there is none.
    func storedLeaf(at position: Int64, log: Log) async throws(StoreError) -> MerkleHash? {
        let positions = position..<position + 1
        let tiles = try await bulk[log].rows(
            ColdHistory.tiles(log.id, positions),
            ColdHistory.leaves
        )
        return ColdHistory.leaves(positions, of: tiles).first
    }
}
