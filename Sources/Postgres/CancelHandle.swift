import CLibPQ
import Dispatch
import Synchronization

/// What one needs to cancel the statement a connection is working on.
///
/// libpq copies address and key into it, so it may be used while the connection is busy or
/// already closed. It sends the request unencrypted (libpq before version 17).
@safe final class CancelHandle: Sendable {
    /// Requests block, since each opens a connection of its own: without a limit if the server is
    /// silent, so each connection has a queue for its own.
    ///
    /// A serial queue has threads of its own, which Swift's tasks cannot use up.
    private let queue = DispatchQueue(label: "postgres.cancel")
    /// A request that reaches the server before the statement does is lost, so it is made again
    /// until the statement has ended: this often, at this distance.
    private static let requestsMax = 600
    private static let pause = DispatchTimeInterval.milliseconds(100)
    /// The size libpq's manual recommends for the text of a failure, which is not used.
    private static let messageBytesMax = 256

    // The memory is never changed after `PQgetCancel`, and `PQcancel` only reads it.
    private nonisolated(unsafe) let pointer: OpaquePointer
    private let requested = Atomic(false)
    private let ended = Atomic(false)

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe PQfreeCancel(pointer)
    }

    /// Whether a cancellation was ever asked for.
    ///
    /// It may still be on its way to the server, so
    /// the connection must not carry another statement.
    var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Asks the server to cancel, without waiting, until `end()` is called.
    func request() {
        requested.store(true, ordering: .releasing)
        queue.async { [self] in send(left: Self.requestsMax) }
    }

    /// Tells that the statement has ended, so that nothing is left to cancel.
    func end() {
        ended.store(true, ordering: .releasing)
    }

    private func send(left: Int) {
        guard !ended.load(ordering: .acquiring), left > 0 else { return }
        var message = [CChar](repeating: 0, count: Self.messageBytesMax)
        _ = unsafe PQcancel(pointer, &message, Int32(message.count))
        queue.asyncAfter(deadline: .now() + Self.pause) { [self] in send(left: left - 1) }
    }
}
