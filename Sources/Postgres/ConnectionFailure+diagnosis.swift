import CLibPQ
import Dispatch
import Glibc

extension ConnectionFailure {
    private static let timeMax: Duration = .seconds(5)

    /// Connects once more, only to learn why that fails; nil when it does not fail.
    ///
    /// libpq can be told to give the server's SQLSTATE, which no language changes and which quotes
    /// nothing, but only between the two halves of a connection that is made step by step.
    package static func diagnose(
        _ configuration: PostgresConfiguration
    ) async -> ConnectionFailure? {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "postgres.diagnosis").async {
                continuation.resume(returning: connect(configuration))
            }
        }
    }

    /// Asks for the same as the connection that failed: of several hosts one that writes.
    private static func connect(_ configuration: PostgresConfiguration) -> ConnectionFailure? {
        let begun: OpaquePointer?
        do {
            unsafe begun = try unsafe ConnectionHandle.begin(configuration)
        } catch {
            return .malformedString
        }
        guard let pointer = unsafe begun else { return .other(nil) }
        defer { unsafe PQfinish(pointer) }
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_SQLSTATE)
        unsafe PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        let deadline = ContinuousClock.now + timeMax
        var step =
            unsafe PQstatus(pointer) == CONNECTION_BAD
            ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            guard left > 0 else { return .unreachable }
            var descriptor = unsafe pollfd(
                fd: PQsocket(pointer),
                events: Int16(step == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                revents: 0
            )
            guard unsafe poll(&descriptor, 1, Int32(left.rounded(.up))) != 0 else {
                return .unreachable
            }
            step = unsafe PQconnectPoll(pointer)
        }
        guard step == PGRES_POLLING_FAILED else { return nil }
        return ConnectionFailure(unsafe String(cString: PQerrorMessage(pointer)))
    }
}
