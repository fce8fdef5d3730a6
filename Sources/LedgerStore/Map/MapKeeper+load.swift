internal import Ledger
internal import Logging
internal import MerkleLog
internal import ServiceLifecycle
internal import StateMap
internal import Synchronization

/// How the maps come about at the start.
extension MapKeeper: Service {
    /// Makes the maps, and makes them anew when the log has changed, until the graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isDone = await self.loadIfNeeded()
                let pause = isDone ? StoreLimits.mapLoadPause : StoreLimits.mapRetryPause
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Whether they are there now.
    private func loadIfNeeded() async -> Bool {
        guard !isLoaded else { return true }
        do {
            try await load()
            figures.withLock { $0.problem = nil }
            return true
        } catch {
            unload()
            if !Task.isCancelled { tell(error) }
            return false
        }
    }

    /// Says the same thing once.
    func tell(_ error: any Error) {
        let text = "\(error)"
        let isNew = figures.withLock { figures in
            defer { figures.problem = text }
            return figures.problem != text
        }
        if isNew { logger.error("the maps do not follow the log", metadata: ["error": "\(text)"]) }
    }

    /// Reads all rows, in the order of their keys, and then what has happened meanwhile.
    ///
    /// A row may be newer than the position from which the log is followed then: what made it so comes
    /// again.
    func load() async throws {
        unload()
        let begin = ContinuousClock.now
        let size = try await store.size(log: facts)
        let end = size > 0 ? try await store.event(at: size - 1, log: facts) : nil
        guard size == 0 || end != nil else { throw StoreError.damaged(.record) }
        let stated = try await store.lastStatement(log: facts.map)?.statement
        // After the size: whoever is of an app that comes later, comes by position.
        try await readApps()
        try await readRows(before: size)
        position = size
        last = end.map { MerkleHash(leaf: $0.bytes) }
        while true {
            let step = try await step()
            guard step != .elsewhere else { throw StoreError.conflict }
            if step == .atEnd { break }
        }
        try await missNobody(since: stated)
        _ = states.nextRoot()
        _ = names.nextRoot()
        isLoaded = true
        let (users, time) = (states.nextCount, begin.duration(to: .now))
        figures.withLock { $0.loaded(users: users, within: time) }
        logger.info(
            "the maps stand",
            metadata: ["users": "\(users)", "milliseconds": "\(time / .milliseconds(1))"]
        )
    }

    /// Refuses rows among which somebody's is missing who was counted in the last statement, or has come
    /// since: nobody leaves the map of states.
    ///
    /// It would be proved of them that they have never been there.
    private func missNobody(since stated: MapStatement?) async throws {
        guard let stated, stated.facts.size <= Int(position) else { return }
        let newcomers = try await store.newcomers(
            Int64(stated.facts.size)..<position,
            facts,
            pool
        )
        guard states.nextCount >= stated.states.count + newcomers else {
            throw StoreError.damaged(.state)
        }
    }

    /// One stretch after the other.
    private func readRows(before size: Int64) async throws {
        var unsound: [MapUser] = []
        for stretch in try await store.stateStretches(
            facts,
            of: StoreLimits.mapRowsMax,
            pool
        ) {
            for outcome in try await store.states(stretch, maker, pool) {
                switch outcome {
                case .entry(let entry): try put(entry)
                case .ahead(let user), .unsound(let user): unsound.append(user)
                }
            }
        }
        for user in unsound { try await fold(user, before: size) }
    }
}
