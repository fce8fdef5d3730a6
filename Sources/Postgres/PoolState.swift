/// What a pool knows about its connections and of those who wait for one.
///
/// Pure: each event is a method that returns what is to be done, so that the rules can be
/// tested without a server and without a clock.
struct PoolState {
    typealias ConnectionID = Int
    typealias WaiterID = Int

    /// A connection, and who is to have it.
    struct Lease: Equatable {
        let connection: ConnectionID
        let waiter: WaiterID
    }

    /// What a task that wants a connection has to do.
    enum Request: Equatable {
        /// Take this one.
        case lease(ConnectionID)
        /// Wait; `opens` one more connection, and wake up at `timerAt` to call `expire`.
        case wait(WaiterID, opens: Bool, timerAt: ContinuousClock.Instant?)
        /// Give up.
        case refuse(PostgresError.Code)
    }

    /// What follows when a connection is free.
    enum Free: Equatable {
        /// Give it to this one, who waits.
        case lease(ConnectionID, to: WaiterID)
        /// Keep it for later.
        case keep
        /// Close it.
        case close
    }

    /// What follows when a connection is gone or could not be opened.
    struct Loss: Equatable {
        /// Open a connection for those who wait.
        var opens = false
        /// Give this idle one to a waiter, who had to leave it to others until now.
        var lease: Lease?
        /// Tell these that there is none.
        var refused: [WaiterID] = []
    }

    /// What follows when the timer has run out.
    struct Expiry: Equatable {
        /// Tell these that they waited too long.
        var refused: [WaiterID] = []
        /// Why.
        var code = PostgresError.Code.poolExhausted
        /// When to wake up next.
        var timerAt: ContinuousClock.Instant?
    }

    private struct Waiter {
        let id: WaiterID
        let deadline: ContinuousClock.Instant
    }

    /// One share's part of the pool.
    private struct Part {
        let connectionsMax: Int
        let waitersMax: Int
        var leased: Set<ConnectionID> = []
        /// First come, first served.
        ///
        /// All wait equally long, so the first is also the first to expire.
        var waiters: [Waiter] = []

        /// How many of those who wait may have a connection as soon as there is one.
        var eligible: Int { min(waiters.count, connectionsMax - leased.count) }
    }

    private let connectionsMax: Int
    private let waitMax: Duration
    /// In order of the shares: the first one is served first.
    private var parts: [Part]
    /// The last one returned is the first one used again: its caches are warm.
    private var idle: [ConnectionID] = []
    private var opening = 0
    private var nextID = 0
    private var timerIsSet = false
    private var isClosed = false

    init(connectionsMax: Int, waitersMax: Int, waitMax: Duration) {
        precondition(connectionsMax > 0 && waitersMax > 0, "A pool's limits are at least 1.")
        self.connectionsMax = connectionsMax
        self.waitMax = waitMax
        parts = PoolShare.allCases.map { share in
            Part(
                connectionsMax: share.connectionsMax(of: connectionsMax),
                waitersMax: share.waitersMax(of: waitersMax)
            )
        }
    }

    /// A task wants a connection.
    mutating func request(_ share: PoolShare = .calls, now: ContinuousClock.Instant) -> Request {
        guard !isClosed else { return .refuse(.connectionFailed) }
        let part = parts[share.rawValue]
        // Who came before and waits for the share's turn has it first.
        if part.waiters.isEmpty, part.leased.count < part.connectionsMax,
            let connection = idle.popLast()
        {
            parts[share.rawValue].leased.insert(connection)
            return .lease(connection)
        }
        guard part.waiters.count < part.waitersMax else { return .refuse(.poolExhausted) }
        let waiter = Waiter(id: newID(), deadline: now.advanced(by: waitMax))
        parts[share.rawValue].waiters.append(waiter)
        return .wait(waiter.id, opens: openIfNeeded(), timerAt: setTimer())
    }

    /// A connection was opened.
    ///
    /// Gives its number and what to do with it.
    mutating func opened() -> (ConnectionID, Free) {
        opening -= 1
        let connection = newID()
        return (connection, offer(connection))
    }

    /// A connection could not be opened.
    ///
    /// Those who wait are refused only when there is no
    /// other connection they could get.
    mutating func openingFailed() -> Loss {
        opening -= 1
        guard leasedCount == 0, opening == 0 else { return Loss() }
        return Loss(refused: removeWaiters())
    }

    /// A connection is returned and can be used again.
    mutating func release(_ connection: ConnectionID) -> Free {
        remove(connection)
        return offer(connection)
    }

    /// A connection is returned and cannot be used again.
    mutating func discard(_ connection: ConnectionID) -> Loss {
        remove(connection)
        var loss = Loss()
        if let share = nextShare(), let connection = idle.popLast() {
            loss.lease = Lease(connection: connection, waiter: lease(connection, in: share))
        }
        loss.opens = openIfNeeded()
        return loss
    }

    /// The server that connections lead to is not what it was.
    ///
    /// Gives the idle ones, to be closed.
    mutating func discardIdle() -> [ConnectionID] {
        defer { idle = [] }
        return idle
    }

    /// A task no longer waits.
    ///
    /// False when it has already got its answer.
    mutating func cancel(_ waiter: WaiterID) -> Bool {
        for share in parts.indices {
            guard let index = parts[share].waiters.firstIndex(where: { $0.id == waiter }) else {
                continue
            }
            parts[share].waiters.remove(at: index)
            return true
        }
        return false
    }

    /// The timer has run out.
    mutating func expire(now: ContinuousClock.Instant) -> Expiry {
        timerIsSet = false
        var refused: [WaiterID] = []
        for share in parts.indices {
            let late = parts[share].waiters.prefix { $0.deadline <= now }
            refused += late.map(\.id)
            parts[share].waiters.removeFirst(late.count)
        }
        // Without any connection it is the database that is away, not the pool that is busy.
        let code = leasedCount == 0 ? PostgresError.Code.connectionFailed : .poolExhausted
        return Expiry(refused: refused, code: code, timerAt: setTimer())
    }

    /// Nobody gets a connection any more.
    ///
    /// Gives the idle ones to close and those to refuse.
    mutating func close() -> (closing: [ConnectionID], refused: [WaiterID]) {
        isClosed = true
        defer { idle = [] }
        return (idle, removeWaiters())
    }

    /// How it stands, for metrics.
    var figures: PoolFigures {
        PoolFigures(
            idleCount: idle.count,
            openingCount: opening,
            connectionsMax: connectionsMax,
            shares: PoolShare.allCases.map { share in
                let part = parts[share.rawValue]
                return PoolFigures.Share(
                    name: share.name,
                    leasedCount: part.leased.count,
                    connectionsMax: part.connectionsMax,
                    waiterCount: part.waiters.count,
                    waitersMax: part.waitersMax
                )
            }
        )
    }

    private var leasedCount: Int { parts.reduce(0) { $0 + $1.leased.count } }

    /// Gives a free connection to whoever is next, or keeps it.
    private mutating func offer(_ connection: ConnectionID) -> Free {
        guard !isClosed else { return .close }
        guard let share = nextShare() else {
            idle.append(connection)
            return .keep
        }
        return .lease(connection, to: lease(connection, in: share))
    }

    /// The first share somebody of whom may have a connection.
    private func nextShare() -> Int? { parts.firstIndex { $0.eligible > 0 } }

    private mutating func lease(_ connection: ConnectionID, in share: Int) -> WaiterID {
        parts[share].leased.insert(connection)
        return parts[share].waiters.removeFirst().id
    }

    private mutating func remove(_ connection: ConnectionID) {
        let share = parts.firstIndex { $0.leased.contains(connection) }
        guard let share else {
            preconditionFailure("A connection is returned once, by the one who holds it.")
        }
        parts[share].leased.remove(connection)
    }

    private mutating func removeWaiters() -> [WaiterID] {
        let waiters = parts.flatMap { $0.waiters.map(\.id) }
        for share in parts.indices { parts[share].waiters = [] }
        return waiters
    }

    /// Counts one more connection as opening when those who wait need one.
    private mutating func openIfNeeded() -> Bool {
        guard parts.reduce(0, { $0 + $1.eligible }) > opening,
            idle.count + leasedCount + opening < connectionsMax
        else { return false }
        opening += 1
        return true
    }

    /// One timer serves all who wait.
    private mutating func setTimer() -> ContinuousClock.Instant? {
        guard !timerIsSet, let first = parts.compactMap({ $0.waiters.first?.deadline }).min()
        else {
            return nil
        }
        timerIsSet = true
        return first
    }

    private mutating func newID() -> Int {
        nextID += 1
        return nextID
    }
}
