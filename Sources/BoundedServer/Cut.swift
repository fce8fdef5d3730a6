internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Why a connection is ended that somebody would have liked to keep.
enum Cut: String, CaseIterable {
    /// The head of a request did not come in time.
    case slowHead = "slow_head"
    /// The body did not.
    case slowBody = "slow_body"
    /// An answer was not taken in time.
    case slowReader = "slow_reader"
    /// Too much waited for readers, and this one had taken nothing for the longest.
    case unreadBytes = "unread_bytes"
    /// Somebody else comes, as many are there as may be, and this one was waited for the longest.
    case noRoom = "no_room"
}

extension ChannelHandlerContext {
    /// Ends the connection at once, with whatever waits to be sent.
    ///
    /// TLS would say farewell and wait for the answer, and the system would go on offering what it has
    /// to a reader who does not read.
    func cut(_ reason: Cut, _ tally: ConnectionTally) {
        tally.note(reason)
        // It is a reset without this, too, only later.
        _ = (channel as? any SocketOptionProvider)?
            .setSoLinger(linger(l_onoff: 1, l_linger: 0))
        let socket = try? channel.pipeline.syncOperations.context(handlerType: ReaderWatch.self)
        (socket ?? self).close(promise: nil)
    }
}
