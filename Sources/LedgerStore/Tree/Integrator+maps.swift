internal import Ledger
internal import Synchronization

/// How the maps are taken along.
extension Integrator {
    /// Waits until the next look.
    func pause(before log: Log) async {
        let end = ContinuousClock.now + Self.interval
        while !Task.isCancelled, .now < end {
            if log.kind == .map, stated.withLock({ $0.remove(log) }) != nil { return }
            let rest = ContinuousClock.now.duration(to: end)
            try? await Task.sleep(for: log.kind == .map ? min(Self.statementPause, rest) : rest)
        }
    }

    /// States the roots of the maps at the checkpoint that was just published; or proves by them, once the
    /// log of maps has one, too.
    func takeMapsAlong(_ log: Log, _ size: Int64?) async {
        guard let maps = maps(of: log) else { return }
        switch log.kind {
        case .facts:
            if await maps.state(upTo: size) { stated.withLock { _ = $0.insert(log.map) } }
        case .map: await maps.cover(upTo: size)
        case .access: break
        }
    }

    private func maps(of log: Log) -> MapKeeper? {
        maps.indices.contains(log.pair) ? maps[log.pair] : nil
    }

    /// How many records there are, which of the facts the maps must have taken in.
    func size(of log: Log) async throws -> Int64 {
        guard log.kind == .facts, let size = await maps(of: log)?.advanceOrTell() else {
            return try await store.size(log: log)
        }
        return size
    }
}
