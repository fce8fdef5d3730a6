import CLibPQ
import Dispatch
import Glibc
import Synchronization

/// A connection to PostgreSQL.
///
/// Its jobs run on a queue of its own, so libpq may block there without holding a thread of
/// Swift's pool. A connection that failed or was cancelled is closed and stays closed.
package actor PostgresConnection {
    private let executor: SerialQueueExecutor
    private var handle: ConnectionHandle?
    private nonisolated let cancelHandle: CancelHandle
    /// What this connection has prepared, by name.
    private var prepared: [String: (sql: StaticString, types: [UInt32])] = [:]
    /// Whether the connection has to go, although libpq still takes it for sound.
    private var isSpoiled = false
    private nonisolated let socket: Int32
    private nonisolated let reusable = Atomic(true)
    private nonisolated let lost = Atomic(false)
    private nonisolated let retired = Atomic(false)
    /// How long an answer may take; nil for ever.
    private var answerTimeMax: Duration?
    /// What the server knows the connection as; nil until it was asked.
    package private(set) var session: ServerSession?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private init(
        executor: SerialQueueExecutor,
        handle: consuming ConnectionHandle,
        cancelHandle: CancelHandle
    ) {
        self.executor = executor
        self.socket = handle.socket
        self.cancelHandle = cancelHandle
        self.handle = consume handle
    }

    /// Connects.
    ///
    /// Cancelling the task does not cut this short; `connectTimeMax` bounds it.
    package static func connect(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let result = await withCheckedContinuation { continuation in
            open(configuration) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Connects on the queue of the coming connection and reports there.
    static func open(
        _ configuration: PostgresConfiguration,
        report: @escaping @Sendable (Result<PostgresConnection, PostgresError>) -> Void
    ) {
        let executor = SerialQueueExecutor(label: "postgres.connection")
        executor.queue.async {
            do throws(PostgresError) {
                let handle = try ConnectionHandle.open(configuration)
                guard let cancelHandle = handle.cancelHandle() else {
                    throw PostgresError(.connectionFailed, message: "out of memory")
                }
                let connection = PostgresConnection(
                    executor: executor,
                    handle: handle,
                    cancelHandle: cancelHandle
                )
                try connection.assumeIsolated { connection in
                    Result { () throws(PostgresError) in try connection.begin(configuration) }
                }.get()
                report(.success(connection))
            } catch {
                report(.failure(error))
            }
        }
    }

    /// Runs one statement and lends its result to `decode`, on this connection's queue.
    ///
    /// Cancelling the task cancels the statement on the server and closes the connection.
    package func query<Value: Sendable>(
        _ statement: Statement,
        decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let name = statement.name.description
        return try await cancellable(name) { () throws(PostgresError) -> Value in
            let parameters = ParameterBuffer(statement.parameters)
            try prepareOnce(statement, name, types: parameters.types)
            let sent = handle?.send(statement.name, parameters) ?? false
            #if CRASH_POINTS
            if let whenSent = statement.whenSent, handle?.flush() == true { whenSent() }
            #endif
            let result = try answer(to: name, sent: sent)
            do throws(PostgresError) {
                return try decode(result)
            } catch {
                throw error.named(name)
            }
        }
    }

    /// Runs statements that have no parameters in the simple protocol, in one transaction
    /// unless they open and commit their own.
    ///
    /// What they answer is dropped.
    ///
    /// It is the one door for SQL that is not a literal of the program: migrations, and names
    /// of databases and roles.
    package func script(_ sql: String) async throws(PostgresError) {
        precondition(!sql.utf8.contains(0), "A script holds no zero byte.")
        try await cancellable("script") { () throws(PostgresError) in
            let sent = handle?.send(script: sql) ?? false
            _ = try answer(to: "script", sent: sent)
        }
    }

    /// Whether something stands in between that lends us sessions of the server.
    package var isPooled: Bool { handle?.announcedProcess != session?.process }

    /// The server's version in its own words; nil when the connection is closed.
    package var serverVersion: String? { handle?.serverVersion ?? nil }

    /// Closes the connection.
    ///
    /// Closing again does nothing.
    package func close() {
        reusable.store(false, ordering: .releasing)
        handle = nil
    }

    /// Whether another statement may be sent: open, not cancelled, outside a transaction, and not retired.
    nonisolated var isReusable: Bool {
        reusable.load(ordering: .acquiring) && !retired.load(ordering: .acquiring)
            && !cancelHandle.isRequested
    }

    /// Whoever holds it ends what he does with it; then it is used no more.
    nonisolated func retire() { retired.store(true, ordering: .releasing) }

    /// Whether the server fell silent, or no longer writes: others that lead there are no better.
    nonisolated var lostItsServer: Bool { lost.load(ordering: .acquiring) }

    /// Whether the server has left an idle connection alone.
    ///
    /// Between statements it has nothing to say except that it is closing, so anything to read
    /// counts as dead. Only the holder of an idle connection may ask.
    nonisolated var isQuiet: Bool {
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&descriptor, 1, 0) == 0
    }

    /// Tells the session what it must be told, whatever its role and its database set.
    private func begin(_ configuration: PostgresConfiguration) throws(PostgresError) {
        answerTimeMax = handle?.connectTimeMax
        let sent = handle?.send(script: configuration.sessionScript) ?? false
        do throws(PostgresError) {
            let told = try answer(to: "session", sent: sent)
            // The server shows it to the role alone that logged in (or to administrators).
            guard let begin = try told.textOrNil(0, 1) else {
                throw PostgresError(.server(.otherRole), statementName: "session")
            }
            let process = try told.text(0, 0)
            session = Int32(process).map { ServerSession(process: $0, begin: begin) }
            // The connection string may have set another limit than ours.
            let statementTimeMax = Int64(try told.text(0, 2)) ?? 0
            answerTimeMax =
                statementTimeMax == 0
                ? nil : .milliseconds(statementTimeMax) + configuration.answerTimeMax
        } catch {
            throw error.code == .outcomeUnknown ? error.recoded(.connectionFailed) : error
        }
    }

    /// Runs `body` so that cancelling the task reaches the server.
    private func cancellable<Value: Sendable>(
        _ name: String,
        _ body: () throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        guard handle?.isOpen == true, !cancelHandle.isRequested, isQuiet else {
            close()
            throw PostgresError(.connectionFailed, statementName: name, message: "closed")
        }
        guard !Task.isCancelled else { throw PostgresError(.cancelled, statementName: name) }
        let result = await withTaskCancellationHandler {
            // Naming the actor in here also keeps the closure on it: one that does not capture
            // the actor would run, and block, on a thread of Swift's pool.
            preconditionIsolated()
            do throws(PostgresError) {
                return Result<Value, PostgresError>.success(try body())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancelHandle.request()
        }
        if cancelHandle.isRequested { cancelHandle.end() }
        if isSpoiled || cancelHandle.isRequested || handle?.isOpen != true { close() }
        reusable.store(handle?.isOutsideTransaction == true, ordering: .releasing)
        return try result.get()
    }

    /// Prepares a statement the first time this connection sees its name.
    private func prepareOnce(
        _ statement: Statement,
        _ name: String,
        types: [UInt32]
    ) throws(PostgresError) {
        if let known = prepared[name] {
            precondition(
                known.sql.isSame(as: statement.sql) && known.types == types,
                "One name of a statement stands for one SQL and one list of types."
            )
            return
        }
        let sent = handle?.sendPrepare(statement.name, statement.sql, types: types) ?? false
        do throws(PostgresError) {
            _ = try answer(to: name, sent: sent)
        } catch {
            // Preparing changes nothing, so a connection lost meanwhile leaves no doubt.
            throw error.code == .outcomeUnknown
                ? PostgresError(.connectionFailed, statementName: name) : error
        }
        prepared[name] = (statement.sql, types)
    }

    /// Reads all answers to what was sent and gives the last good one.
    private func answer(to name: String, sent: Bool) throws(PostgresError) -> PostgresResult {
        let deadline = answerTimeMax.map { ContinuousClock.now + $0 }
        var last: PostgresResult?
        var failure: PostgresError?
        handle?.warnings.begin()
        while true {
            if handle?.wait(until: deadline) == false {
                // Whether the server goes on with the statement is not known.
                lost.store(true, ordering: .releasing)
                close()
                failure = unknown("no answer in time")
            }
            guard let result = handle?.nextResult() else { break }
            switch result.status {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                last = consume result
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // libpq would answer the same for ever.
                close()
                failure = PostgresError(.server(.featureNotSupported), message: "COPY")
            default:
                if failure == nil { failure = classified(result) }
            }
        }
        if let failure { throw failure.named(name) }
        guard sent, var last = last.take() else {
            throw lostConnection().named(name)
        }
        if let warnings = handle?.warnings {
            guard !warnings.leaveCommitOpen else {
                throw PostgresError(.outcomeUnknown, statementName: name)
            }
            last.isWarned = warnings.wereGiven
        }
        return last
    }

    /// What a refused statement, or a lost connection, means.
    ///
    /// An error of the server means that the statement was rolled back, also when it had reported
    /// success before. The end of the session says nothing about the commit.
    private func classified(_ result: borrowing PostgresResult) -> PostgresError {
        guard let error = result.serverError, let state = error.sqlState else {
            return lostConnection()
        }
        // Not closed at once: the rest of the answer is still to be read.
        if state.leavesOutcomeOpen || result.endsSession {
            isSpoiled = true
            return unknown("SQLSTATE \(state)")
        }
        isSpoiled = isSpoiled || state.spoilsPreparedStatements
        if state == .readOnly {
            isSpoiled = true
            lost.store(true, ordering: .releasing)
        }
        guard state == .queryCanceled || state == .lockNotAvailable else { return error }
        return error.recoded(Task.isCancelled ? .cancelled : .timedOut)
    }

    private func lostConnection() -> PostgresError {
        let message = handle?.errorMessage
        close()
        return unknown(message)
    }

    private func unknown(_ message: String?) -> PostgresError {
        PostgresError(.outcomeUnknown, session: session, message: message)
    }
}
