import Testing

@testable import Postgres

@Suite("The pool's rules", .timeLimit(.minutes(5)))
struct PoolStateTests {
    private let now = ContinuousClock.now

    @Test("connections are opened one for each task that waits, up to the limit")
    func opensLazily() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        #expect(state.request(now: now) == .wait(1, opens: true, timerAt: now + .seconds(2)))
        #expect(state.request(now: now) == .wait(2, opens: true, timerAt: nil))
        #expect(state.request(now: now) == .wait(3, opens: false, timerAt: nil))
    }

    @Test("who waits longest is served first")
    func firstComeFirstServed() {
        var state = PoolState(connectionsMax: 1, waitersMax: 9, waitMax: .seconds(2))
        let waiters = (0..<3).map { _ in waiter(state.request(now: now)) }
        let (connection, first) = state.opened()
        #expect(first == .lease(connection, to: waiters[0]))
        #expect(state.release(connection) == .lease(connection, to: waiters[1]))
        #expect(state.release(connection) == .lease(connection, to: waiters[2]))
        #expect(state.release(connection) == .keep)
    }

    @Test("an idle connection is lent at once, the last one returned first")
    func lendsIdle() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        _ = state.request(now: now)
        _ = state.request(now: now)
        let (first, _) = state.opened()
        let (second, _) = state.opened()
        #expect(state.release(second) == .keep)
        #expect(state.release(first) == .keep)
        #expect(state.request(now: now) == .lease(first))
        #expect(state.request(now: now) == .lease(second))
    }

    @Test("when the server is not what it was, the idle ones go and the lent ones stay")
    func discardsIdle() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        _ = state.request(now: now)
        _ = state.request(now: now)
        let (first, _) = state.opened()
        let (second, _) = state.opened()
        #expect(state.release(second) == .keep)
        #expect(state.discardIdle() == [second])
        #expect(state.release(first) == .keep)
        #expect(state.request(now: now) == .lease(first))
        #expect(state.request(now: now) == .wait(5, opens: true, timerAt: nil))
    }

    @Test("figures say who has connections and who waits, by share")
    func figures() {
        func calls(_ state: PoolState) -> [Int] {
            let share = state.figures.shares[PoolShare.calls.rawValue]
            return [share.leasedCount, share.waiterCount]
        }
        var state = PoolState(connectionsMax: 8, waitersMax: 16, waitMax: .seconds(2))
        _ = state.request(.calls, now: now)
        _ = state.request(.calls, now: now)
        let (first, _) = state.opened()
        #expect(calls(state) == [1, 1])
        #expect(state.figures.openingCount == 1 && state.figures.idleCount == 0)
        _ = state.release(first)
        #expect(calls(state) == [1, 0])
        _ = state.opened()
        #expect(state.figures.openingCount == 0 && state.figures.idleCount == 1)
        let bounds = state.figures.shares.map { "\($0.name) \($0.connectionsMax) \($0.waitersMax)" }
        #expect(bounds == ["lookups 4 16", "calls 8 16", "bulk 2 2"])
    }

    @Test("who asks much of one share leaves the others theirs")
    func shares() {
        var state = PoolState(connectionsMax: 8, waitersMax: 16, waitMax: .seconds(2))
        let bulk = (0..<4).map { _ in state.request(.bulk, now: now) }
        // Two of them wait for their share and not for a connection, and two are too many.
        #expect(bulk.map(isOpening) == [true, true, nil, nil])
        let (first, _) = state.opened()
        let (second, _) = state.opened()
        #expect(isOpening(state.request(.bulk, now: now)) == false)
        #expect(isOpening(state.request(.bulk, now: now)) == false)
        #expect(state.request(.bulk, now: now) == .refuse(.poolExhausted))
        let lookups = (0..<6).map { _ in state.request(.lookups, now: now) }
        #expect(lookups.map(isOpening) == [true, true, true, true, false, false])
        let calls = (0..<3).map { _ in state.request(.calls, now: now) }
        #expect(calls.map(isOpening) == [true, true, false])
        // What is free goes to the lookups first, up to their half, then to the calls.
        let others = (0..<4).map { _ in state.opened() }
        #expect(zip(others, lookups).allSatisfy { $0.1 == .lease($0.0, to: waiter($1)) })
        #expect(state.release(first) == .lease(first, to: waiter(calls[0])))
        #expect(state.release(second) == .lease(second, to: waiter(calls[1])))
        #expect(state.release(others[0].0) == .lease(others[0].0, to: waiter(lookups[4])))
    }

    @Test("an idle connection is not for a share that has its own, and is once it has lost one")
    func idleForShare() {
        var state = PoolState(connectionsMax: 4, waitersMax: 16, waitMax: .seconds(2))
        _ = state.request(.bulk, now: now)
        let (bulk, _) = state.opened()
        _ = state.request(.calls, now: now)
        let (other, _) = state.opened()
        #expect(state.release(other) == .keep)
        let next = state.request(.bulk, now: now)
        #expect(isOpening(next) == false)
        let loss = state.discard(bulk)
        #expect(loss.lease == PoolState.Lease(connection: other, waiter: waiter(next)))
        #expect(!loss.opens)
    }

    /// Nil for who does not wait.
    private func isOpening(_ request: PoolState.Request) -> Bool? {
        guard case .wait(_, let opens, _) = request else { return nil }
        return opens
    }

    @Test("one waiter too many is refused at once")
    func waitersMax() {
        var state = PoolState(connectionsMax: 1, waitersMax: 2, waitMax: .seconds(2))
        _ = state.request(now: now)
        _ = state.request(now: now)
        #expect(state.request(now: now) == .refuse(.poolExhausted))
    }

    @Test("those whose time is over are refused, and one timer serves the rest")
    func expires() {
        var state = PoolState(connectionsMax: 1, waitersMax: 9, waitMax: .seconds(2))
        let holder = waiter(state.request(now: now))
        let (connection, free) = state.opened()
        #expect(free == .lease(connection, to: holder))
        let first = waiter(state.request(now: now))
        let second = waiter(state.request(now: now + .seconds(1)))
        let expiry = state.expire(now: now + .seconds(2))
        #expect(expiry.refused == [first])
        #expect(expiry.code == .poolExhausted)
        #expect(expiry.timerAt == now + .seconds(3))
        #expect(state.release(connection) == .lease(connection, to: second))
        #expect(state.expire(now: now + .seconds(3)) == PoolState.Expiry())
    }

    @Test("waiting in vain without any connection means that the database is away")
    func expiresWithoutDatabase() {
        var state = PoolState(connectionsMax: 1, waitersMax: 9, waitMax: .seconds(2))
        let first = waiter(state.request(now: now))
        let expiry = state.expire(now: now + .seconds(2))
        #expect(expiry.refused == [first])
        #expect(expiry.code == .connectionFailed)
        #expect(expiry.timerAt == nil)
    }

    @Test("a waiter who has left gets nothing")
    func cancels() {
        var state = PoolState(connectionsMax: 1, waitersMax: 9, waitMax: .seconds(2))
        let first = waiter(state.request(now: now))
        let second = waiter(state.request(now: now))
        let left = state.cancel(first)
        #expect(left)
        let (connection, free) = state.opened()
        #expect(free == .lease(connection, to: second))
        let leftTooLate = state.cancel(second)
        #expect(!leftTooLate)
    }

    @Test("a broken connection is replaced when somebody waits, and only then")
    func replacesBroken() {
        var state = PoolState(connectionsMax: 1, waitersMax: 9, waitMax: .seconds(2))
        _ = state.request(now: now)
        let (first, _) = state.opened()
        let second = waiter(state.request(now: now))
        #expect(state.discard(first) == PoolState.Loss(opens: true))
        let (replacement, free) = state.opened()
        #expect(replacement != first)
        #expect(free == .lease(replacement, to: second))
        #expect(state.discard(replacement) == PoolState.Loss())
        #expect(state.request(now: now) == .wait(5, opens: true, timerAt: nil))
    }

    @Test("when the last attempt to connect fails, all who wait learn it at once")
    func openingFails() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        let waiters = (0..<3).map { _ in waiter(state.request(now: now)) }
        #expect(state.openingFailed() == PoolState.Loss())
        #expect(state.openingFailed() == PoolState.Loss(refused: waiters))
    }

    @Test("while another connection is in use, a failed attempt refuses nobody")
    func openingFailsWhileServing() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        _ = state.request(now: now)
        let (connection, _) = state.opened()
        let second = waiter(state.request(now: now))
        #expect(state.openingFailed() == PoolState.Loss())
        #expect(state.release(connection) == .lease(connection, to: second))
    }

    @Test("a closed pool refuses, and closes what is returned to it")
    func closes() {
        var state = PoolState(connectionsMax: 2, waitersMax: 9, waitMax: .seconds(2))
        _ = state.request(now: now)
        _ = state.request(now: now)
        let (first, _) = state.opened()
        let (second, _) = state.opened()
        #expect(state.release(second) == .keep)
        let third = waiter(state.request(now: now))
        #expect(third == -1)
        let fourth = waiter(state.request(now: now))
        #expect(state.close() == ([], [fourth]))
        #expect(state.request(now: now) == .refuse(.connectionFailed))
        #expect(state.release(first) == .close)
        #expect(state.discard(second) == PoolState.Loss())
    }

    /// The number of the waiter, or -1 for a task that need not wait.
    private func waiter(_ request: PoolState.Request) -> PoolState.WaiterID {
        guard case .wait(let id, _, _) = request else { return -1 }
        return id
    }
}
