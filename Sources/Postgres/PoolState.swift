/// What a pool knows about its connections and of those who wait for one.
///
/// Pure: each event is a method that returns what is to be done, so that the rules can be
/// tested without a server and without a clock.
struct PoolState {
    typealias ConnectionID = Int
    typealias WaiterID = Int

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

    private let connectionsMax: Int
    private let waitersMax: Int
    private let waitMax: Duration
    /// The last one returned is the first one used again: its caches are warm.
    private var idle: [ConnectionID] = []
    private var leased: Set<ConnectionID> = []
    private var opening = 0
    /// First come, first served.
    ///
    /// All wait equally long, so the first is also the first to expire.
    private var waiters: [Waiter] = []
    private var nextID = 0
    private var timerIsSet = false
    private var isClosed = false

    init(connectionsMax: Int, waitersMax: Int, waitMax: Duration) {
        precondition(connectionsMax > 0 && waitersMax > 0, "A pool's limits are at least 1.")
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
        self.waitMax = waitMax
    }

    /// A task wants a connection.
    mutating func request(now: ContinuousClock.Instant) -> Request {
        guard !isClosed else { return .refuse(.connectionFailed) }
        if let connection = idle.popLast() {
            leased.insert(connection)
            return .lease(connection)
        }
        guard waiters.count < waitersMax else { return .refuse(.poolExhausted) }
        let waiter = Waiter(id: newID(), deadline: now.advanced(by: waitMax))
        waiters.append(waiter)
        return .wait(waiter.id, opens: openIfNeeded(), timerAt: setTimer())
    }

    /// A connection was opened.
    ///
    /// Gives its number and what to do with it.
    mutating func opened() -> (ConnectionID, Free) {
        opening -= 1
        let connection = newID()
        leased.insert(connection)
        return (connection, release(connection))
    }

    /// A connection could not be opened.
    ///
    /// Those who wait are refused only when there is no
    /// other connection they could get.
    mutating func openingFailed() -> Loss {
        opening -= 1
        guard leased.isEmpty, opening == 0 else { return Loss() }
        defer { waiters = [] }
        return Loss(refused: waiters.map(\.id))
    }

    /// A connection is returned and can be used again.
    mutating func release(_ connection: ConnectionID) -> Free {
        let wasLeased = leased.remove(connection) != nil
        precondition(wasLeased, "A connection is returned once, by the one who holds it.")
        guard !isClosed else { return .close }
        guard !waiters.isEmpty else {
            idle.append(connection)
            return .keep
        }
        leased.insert(connection)
        return .lease(connection, to: waiters.removeFirst().id)
    }

    /// A connection is returned and cannot be used again.
    mutating func discard(_ connection: ConnectionID) -> Loss {
        let wasLeased = leased.remove(connection) != nil
        precondition(wasLeased, "A connection is returned once, by the one who holds it.")
        return Loss(opens: openIfNeeded())
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
        guard let index = waiters.firstIndex(where: { $0.id == waiter }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// The timer has run out.
    mutating func expire(now: ContinuousClock.Instant) -> Expiry {
        timerIsSet = false
        let alive = waiters.firstIndex { $0.deadline > now } ?? waiters.endIndex
        let refused = waiters[..<alive].map(\.id)
        waiters.removeSubrange(..<alive)
        // Without any connection it is the database that is away, not the pool that is busy.
        let code = leased.isEmpty ? PostgresError.Code.connectionFailed : .poolExhausted
        return Expiry(refused: refused, code: code, timerAt: setTimer())
    }

    /// Nobody gets a connection any more.
    ///
    /// Gives the idle ones to close and those to refuse.
    mutating func close() -> (closing: [ConnectionID], refused: [WaiterID]) {
        isClosed = true
        defer {
            idle = []
            waiters = []
        }
        return (idle, waiters.map(\.id))
    }

    /// Counts one more connection as opening when those who wait need one.
    private mutating func openIfNeeded() -> Bool {
        guard waiters.count > opening, idle.count + leased.count + opening < connectionsMax
        else { return false }
        opening += 1
        return true
    }

    /// One timer serves all who wait.
    private mutating func setTimer() -> ContinuousClock.Instant? {
        guard !timerIsSet, let first = waiters.first else { return nil }
        timerIsSet = true
        return first.deadline
    }

    private mutating func newID() -> Int {
        nextID += 1
        return nextID
    }
}
