package import Ledger
package import Logging
internal import MerkleLog
internal import Postgres
internal import ServiceLifecycle
package import StateMap
internal import Synchronization

/// Keeps the maps of current states and names, and states their roots in the log of maps
/// (docs/decisions/0069-the-map-follows-the-log.md).
///
/// The maps are in memory, in every copy of the service, and derived: they are made of the rows of the
/// projection at the start, and then follow the log by position. The integrator takes them along:
/// before it publishes a checkpoint of the facts it has them stand at exactly its size, and afterwards
/// their roots are stated. What is proved is the version of the last statement that a checkpoint of
/// the log of maps ends with.
package actor MapKeeper {
    /// What is proved: a statement, and what shows that it is the last entry of its log.
    struct Served: Sendable {
        let statement: MapStatement
        let facts: SignedNote
        let entry: EntryProof
    }

    /// A statement whose checkpoint is waited for.
    struct Flight: Sendable {
        let position: Int64
        let statement: MapStatement
        let facts: SignedNote
    }

    let store: LedgerStore
    let pool: PostgresPool
    let logger: Logger
    /// Whose users the maps are of; their roots are stated in the log of maps of the same pair.
    package nonisolated let facts: Log
    nonisolated let figures = Mutex(MapFigures())

    var states = MerkleMap()
    var names = MerkleMap()
    var maker: MapMaker
    /// Whether the maps hold everything before `position`.
    var isLoaded = false
    var position: Int64 = 0
    /// Whether they hold nothing else: neither rows that are newer, nor a part of what comes next.
    var isExact = false
    /// How many positions one statement follows: fewer after it has failed, so that it goes on where all at
    /// once take too long.
    private var stepEvents = StoreLimits.mapEventsMax
    /// The leaf hash of the event before `position`: what must still stand there.
    var last: MerkleHash?
    var served: Served?
    var flight: Flight?
    /// Whose row was newer than the stretch of the log that was read.
    var ahead: Set<MapUser> = []
    /// What the map of names holds of those who were erased since it was looked through.
    var erased: Set<MerkleHash> = []

    /// Keeps the maps of one log of facts of a store; its queries go through pools with time for long reads, or
    /// through the store's own.
    package init(
        store: LedgerStore,
        pools: LogPools? = nil,
        facts: Log = .facts,
        logger: Logger
    ) {
        self.store = store
        self.pool = (pools ?? store.pools)[facts]
        self.facts = facts
        self.logger = logger
        maker = MapMaker(store.vault, facts, clientIDs: [:])
    }

    /// Those of a store, one for each pair of logs, in order.
    package static func all(
        of store: LedgerStore,
        pools: LogPools,
        logger: Logger
    ) -> [MapKeeper] {
        store.logs.list(.facts).map {
            MapKeeper(store: store, pools: pools, facts: $0, logger: logger)
        }
    }

    /// What is between the maps and the log.
    enum Step: Sendable, Equatable {
        /// They stand at the log's end, as it was a moment ago.
        case atEnd
        /// There is more.
        case behind
        /// The log has not what they were made of: another database, or an older one.
        case elsewhere
    }

    /// Takes in what has happened; gives the size of the log of facts at which the maps stand exactly.
    ///
    /// Nil where they do not, or where a statement waits for its checkpoint: the next version would be
    /// mixed into the one that is stated. What keeps them from it is told, and keeps nobody else: it takes no
    /// longer than `StoreLimits.mapTimeMax`.
    package func advanceOrTell() async -> Int64? {
        do {
            return try await withThrowingTaskGroup(of: Int64?.self) { group in
                group.addTask { try await self.advance() }
                group.addTask {
                    try await Task.sleep(for: StoreLimits.mapTimeMax)
                    throw MapDelay()
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            if error is MapDelay { stepEvents = max(1, stepEvents / 4) }
            if !Task.isCancelled { tell(error) }
            return nil
        }
    }

    private func advance() async throws -> Int64? {
        guard isLoaded, flight == nil else { return nil }
        for _ in 0..<StoreLimits.mapStepsMax {
            switch try await step() {
            case .atEnd: return position
            case .behind: continue
            case .elsewhere:
                logger.warning("the maps are made anew: the log has changed")
                unload()
                return nil
            }
        }
        return nil
    }

    /// Takes in the next stretch of the log; bounded.
    func step() async throws -> Step {
        let stretch = position..<position + stepEvents
        var changed = try await store.changedStates(stretch, maker, pool)
        if changed.hasUnknownApp {
            try await readApps()
            changed = try await store.changedStates(stretch, maker, pool)
            // An event of no app at all is none that the service wrote.
            guard !changed.hasUnknownApp else { throw StoreError.damaged(.record) }
        }
        guard changed.size >= position, changed.before == last else { return .elsewhere }
        figures.withLock { $0.saw(size: changed.size, at: .now) }
        let end = min(changed.size, stretch.upperBound)
        isExact = false
        for outcome in changed.outcomes {
            switch outcome {
            case .entry(let entry): try put(entry)
            case .ahead(let user): ahead.insert(user)
            case .unsound(let user): try await fold(user, before: end)
            }
        }
        if changed.size == end {
            // Their newer events would have come by now.
            for user in ahead { try await fold(user, before: end) }
        }
        removeErasedNames()
        position = end
        last = changed.last
        isExact = changed.size == end
        stepEvents = min(2 * stepEvents, StoreLimits.mapEventsMax)
        return isExact ? .atEnd : .behind
    }

    /// Takes what a row gives into the next version.
    func put(_ entry: MapMaker.Entry) throws(StoreError) {
        ahead.remove(entry.user)
        let count = states.nextCount
        states.set(entry.value, for: entry.key)
        if entry.isErased {
            erased.insert(MapState.name(of: entry.user.subject))
        } else if states.nextCount > count {
            do {
                guard let name = try maker.name(of: entry) else { return }
                names.set(MapState.name(of: entry.user.subject), for: name)
            } catch {
                // Somebody new without a name would be somebody known the next time.
                states.remove(entry.key)
                throw error
            }
        }
    }

    /// Nobody has the name of who was erased.
    func removeErasedNames() {
        guard !erased.isEmpty else { return }
        for key in names.nextKeys(holding: erased) { names.remove(key) }
        erased = []
    }

    /// Makes of a user's events what the service's own row would say, had somebody not changed it.
    func fold(_ user: MapUser, before end: Int64) async throws {
        ahead.remove(user)
        guard let folded = try await store.foldedState(of: user, facts, before: end).state else {
            return
        }
        logger.error(
            "a user's row is not the service's own; the map has what the log tells",
            metadata: ["subject": "\(user.subject)"]
        )
        let row = try await store.stateRow(of: user, facts).row
        try put(maker.entry(MapMoment(user: user, state: folded), row: row))
    }

    /// Knows all apps that there are.
    func readApps() async throws {
        maker = MapMaker(store.vault, facts, clientIDs: try await store.clientIDs(pool))
    }

    /// Forgets everything; the maps are made anew.
    func unload() {
        isLoaded = false
        isExact = false
        states = MerkleMap()
        names = MerkleMap()
        ahead = []
        erased = []
        served = nil
        flight = nil
    }
}

/// The maps took too long to follow, and were not waited for.
private struct MapDelay: Error, CustomStringConvertible {
    var description: String { "they take longer than \(StoreLimits.mapTimeMax) to follow" }
}

extension MapKeeper {
    /// The maps as they would be stated now.
    var made: MadeMaps {
        MadeMaps(
            log: facts,
            size: position,
            states: MapStatement.Map(count: states.nextCount, root: states.nextRoot()),
            names: MapStatement.Map(count: names.nextCount, root: names.nextRoot())
        )
    }

    /// Makes the maps once, of what is in the database now, for whoever compares two of them.
    package func makeOnce() async throws(StoreError) -> MadeMaps {
        do {
            try await load()
        } catch {
            throw StoreError(error)
        }
        return made
    }
}

/// The maps of a database at one size of its log of facts.
package struct MadeMaps: Sendable {
    /// Whose users they are of.
    package let log: Log
    /// How many facts there are.
    package let size: Int64
    package let states: MapStatement.Map
    package let names: MapStatement.Map
}
