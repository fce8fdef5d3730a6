import Dispatch
package import Logging
package import Measures
import ServiceLifecycle
import Synchronization
import Traces

/// Connections to one database, opened when needed and lent to one task at a time.
///
/// It works as soon as it exists; `run()` only ties its end to the program's.
package final class PostgresPool: Service {
    private typealias Lease = (id: PoolState.ConnectionID, connection: PostgresConnection)
    private typealias Answer = Result<Lease, PostgresError>

    /// A task that waits.
    ///
    /// Its answer may come before it has suspended.
    private enum Waiter {
        case reserved
        case suspended(CheckedContinuation<Answer, Never>)
        case answered(Answer)
    }

    private struct Shared: ~Copyable {
        var state: PoolState
        var connections: [PoolState.ConnectionID: PostgresConnection] = [:]
        var waiters: [PoolState.WaiterID: Waiter] = [:]
    }

    private let configuration: PostgresConfiguration
    private let logger: Logger
    private let shared: Mutex<Shared>
    private let timerQueue = DispatchQueue(label: "postgres.pool")
    private let meter = PoolMeter()
    private let requirement = Mutex<String?>(nil)

    /// A pool without connections so far.
    package init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        shared = Mutex(
            Shared(
                state: PoolState(
                    connectionsMax: configuration.connectionsMax,
                    waitersMax: configuration.waitersMax,
                    waitMax: configuration.waitMax
                )
            )
        )
    }

    /// How long a task waits for a connection before it is refused.
    package var waitMax: Duration { configuration.waitMax }

    /// Lets each further connection begin with this statement; where it fails there is no connection, and who
    /// waits for one is told what the server said.
    package func require(_ statement: String) {
        requirement.withLock { $0 = statement }
    }

    /// Adds how it stands to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        let figures = shared.withLock { $0.state.figures }
        meter.fill(&page, configuration, figures)
    }

    /// Waits for the program's shutdown, then closes the pool.
    package func run() async throws {
        // Thrown when the task is cancelled instead, which means the same here.
        try? await gracefulShutdown()
        close()
    }

    /// Closes the idle connections now, and the others when they are returned.
    package func close() {
        let (connections, refused) = shared.withLock { shared in
            let (closing, refused) = shared.state.close()
            return (closing.compactMap { shared.connections.removeValue(forKey: $0) }, refused)
        }
        refuse(refused, PostgresError(.connectionFailed, message: "the pool is closed"))
        // Dropping the last reference closes a connection.
        _ = consume connections
    }

    /// Runs one statement on a free connection and lends its result to `decode`.
    ///
    /// Cancelling the task cancels the statement on the server.
    package func query<Value: Sendable>(
        _ statement: Statement,
        share: PoolShare = .calls,
        decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        guard let span = Trace.current?.open() else {
            return try await run(statement, share, decode)
        }
        do {
            let value = try await run(statement, share, decode)
            span.end(.statement("\(statement.name)"))
            return value
        } catch {
            span.end(.statement("\(statement.name)", failure: error.failure))
            throw error
        }
    }

    private func run<Value: Sendable>(
        _ statement: Statement,
        _ share: PoolShare,
        _ decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let lease = try await lease(share)
        let begin = ContinuousClock.now
        defer { giveBack(lease, since: begin) }
        return try await lease.connection.query(statement, decode: decode)
    }

    /// Lends a connection to `body`, for a transaction or a session's settings.
    ///
    /// The connection must not escape. One that is returned inside a transaction is closed.
    package func withConnection<Value: Sendable>(
        share: PoolShare = .calls,
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let lease = try await lease(share)
        let begin = ContinuousClock.now
        defer { giveBack(lease, since: begin) }
        return try await body(lease.connection)
    }

    /// A connection the server has not closed meanwhile.
    private func lease(_ share: PoolShare) async throws(PostgresError) -> Lease {
        // Each turn removes a dead connection; after all of them only a fresh one is left.
        for _ in 0...configuration.connectionsMax {
            let lease = try await anyLease(share)
            if lease.connection.isReusable, lease.connection.isQuiet { return lease }
            discard(lease.id)
        }
        throw PostgresError(.connectionFailed)
    }

    private func anyLease(_ share: PoolShare) async throws(PostgresError) -> Lease {
        let (request, connection) = shared.withLock { shared in
            let request = shared.state.request(share, now: .now)
            switch request {
            case .lease(let id): return (request, shared.connections[id])
            case .wait(let id, _, _): shared.waiters[id] = .reserved
            case .refuse: break
            }
            return (request, nil)
        }
        switch request {
        case .refuse(let code):
            meter.refusals.add()
            throw PostgresError(code)
        case .lease(let id):
            guard let connection else { preconditionFailure("An idle connection is known.") }
            meter.waitTimes.record(0)
            return (id, connection)
        case .wait(let id, let opens, let timerAt):
            let begin = ContinuousClock.now
            if opens { open() }
            setTimer(timerAt)
            let lease = try await answer(to: id)
            meter.waitTimes.record(begin.duration(to: .now))
            return lease
        }
    }

    /// Suspends until a waiter has got its answer, which may have come before.
    private func answer(to id: PoolState.WaiterID) async throws(PostgresError) -> Lease {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = shared.withLock { shared -> Answer? in
                    if case .answered(let answer) = shared.waiters[id] {
                        shared.waiters[id] = nil
                        return answer
                    }
                    shared.waiters[id] = .suspended(continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waited = shared.withLock { $0.state.cancel(id) }
            if waited { resume(id, with: .failure(PostgresError(.cancelled))) }
        }
        return try result.get()
    }

    private func resume(_ id: PoolState.WaiterID, with answer: Answer) {
        let continuation = shared.withLock { shared -> CheckedContinuation<Answer, Never>? in
            if case .suspended(let continuation) = shared.waiters[id] {
                shared.waiters[id] = nil
                return continuation
            }
            shared.waiters[id] = .answered(answer)
            return nil
        }
        continuation?.resume(returning: answer)
    }

    private func refuse(_ waiters: [PoolState.WaiterID], _ error: PostgresError) {
        for waiter in waiters { resume(waiter, with: .failure(error)) }
    }

    private func giveBack(_ lease: Lease, since begin: ContinuousClock.Instant) {
        meter.useTimes.record(begin.duration(to: .now))
        guard lease.connection.isReusable else {
            if lease.connection.lostItsServer {
                logger.warning("database gone silent or read-only: connections dropped")
                renew()
            }
            return discard(lease.id)
        }
        carryOut(shared.withLock { $0.state.release(lease.id) }, lease)
    }

    private func discard(_ id: PoolState.ConnectionID) {
        let (loss, connection, idle) = shared.withLock { shared in
            let loss = shared.state.discard(id)
            let idle = loss.lease.flatMap { shared.connections[$0.connection] }
            return (loss, shared.connections.removeValue(forKey: id), idle)
        }
        // Dropping the last reference closes the connection, outside of the lock.
        _ = consume connection
        if let lease = loss.lease, let idle {
            resume(lease.waiter, with: .success((lease.connection, idle)))
        }
        if loss.opens { open() }
    }

    /// What connections lead to is not what it was: closes the idle ones now, and the others when they
    /// are returned.
    package func renew() {
        let connections = shared.withLock { shared in
            let idle = shared.state.discardIdle().compactMap {
                shared.connections.removeValue(forKey: $0)
            }
            for connection in shared.connections.values { connection.retire() }
            return idle
        }
        _ = consume connections
    }

    private func carryOut(_ free: PoolState.Free, _ lease: Lease) {
        switch free {
        case .keep: break
        case .lease(_, let waiter): resume(waiter, with: .success(lease))
        case .close: _ = shared.withLock { $0.connections.removeValue(forKey: lease.id) }
        }
    }

    /// Opens a connection on a queue of its own; nobody holds the lock meanwhile.
    private func open() {
        let begin = ContinuousClock.now
        var configuration = configuration
        configuration.requirement = requirement.withLock(\.self)
        PostgresConnection.open(configuration) {
            [self, name = configuration.applicationName] result in
            switch result {
            case .success(let connection):
                meter.openTimes.record(begin.duration(to: .now))
                let (id, free) = shared.withLock { shared in
                    let (id, free) = shared.state.opened()
                    shared.connections[id] = connection
                    return (id, free)
                }
                logger.debug("database connection opened")
                carryOut(free, (id, connection))
            case .failure(let error):
                logger.warning(
                    "database connection failed",
                    metadata: ["pool": "\(name)"]
                )
                meter.failedOpenings.add()
                let loss = shared.withLock { $0.state.openingFailed() }
                refuse(loss.refused, error)
            }
        }
    }

    private func setTimer(_ instant: ContinuousClock.Instant?) {
        guard let instant else { return }
        let delay = max(.zero, ContinuousClock.now.duration(to: instant))
        let nanoseconds = Int(delay / .nanoseconds(1))
        timerQueue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
            let expiry = shared.withLock { $0.state.expire(now: .now) }
            meter.timeouts.add(expiry.refused.count)
            refuse(expiry.refused, PostgresError(expiry.code))
            setTimer(expiry.timerAt)
        }
    }
}
