internal import NIOCore

/// Watches how fast a connection's answers are taken, and ends it when that is too slow.
///
/// It stands next to the socket. Nothing is scheduled for an answer that the system takes at once.
final class ReaderWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Since something waits to be taken.
    private struct Watch {
        /// How many bytes were taken by the last look, and when it was found to be more than before.
        var taken: Int
        var stalledSince: NIODeadline
        /// How many looks there were in this stretch of time, and how much was taken before it.
        var looks = 0
        var takenBefore: Int
    }

    private let limits: ServerLimits
    private let connections: Connections
    private let wait: Wait
    private var written = 0
    /// How long the pieces are that are held, and all of them together: one that was taken in part is
    /// held whole.
    private var pieces = CircularBuffer<Int>()
    private var heldBytes = 0
    private var watch: Watch?
    private var timer: DeadlineTimer?

    init(limits: ServerLimits, connections: Connections, wait: Wait) {
        self.limits = limits
        self.connections = connections
        self.wait = wait
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = DeadlineTimer(on: context.eventLoop) { self.look(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        end(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let count = unwrapOutboundIn(data).readableBytes
        if count > 0 {
            written += count
            heldBytes += count
            pieces.append(count)
        }
        context.write(data, promise: promise)
    }

    /// Lets go of the pieces that were taken, and gives how many bytes were not.
    private func unsent(_ context: ChannelHandlerContext) -> Int {
        let count = context.unsentBytes
        while let first = pieces.first, heldBytes - first >= count {
            heldBytes -= first
            pieces.removeFirst()
        }
        return count
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        let count = unsent(context)
        guard count > 0 || watch != nil else { return }
        guard count > 0 else { return end(context) }
        if watch == nil {
            let taken = written - count
            watch = Watch(taken: taken, stalledSince: context.eventLoop.now, takenBefore: taken)
            lookLater(context)
        }
        note()
    }

    private func lookLater(_ context: ChannelHandlerContext) {
        let pause = limits.unreadTimeMax / ServerLimits.unreadLooks
        timer?.set(context.eventLoop.now + TimeAmount(pause))
    }

    private func look(_ context: ChannelHandlerContext) {
        let count = unsent(context)
        guard count > 0, var watch else { return end(context) }
        let taken = written - count
        if taken > watch.taken {
            watch.taken = taken
            watch.stalledSince = context.eventLoop.now
        }
        watch.looks += 1
        if watch.looks == ServerLimits.unreadLooks {
            guard taken - watch.takenBefore >= limits.unreadTimeBytesMin else {
                return context.cut(.slowReader, connections.tally)
            }
            watch.looks = 0
            watch.takenBefore = taken
        }
        self.watch = watch
        note()
        lookLater(context)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard let watch = watch.take() else { return }
        timer?.set(nil)
        connections.note(unread: 0, since: watch.stalledSince, of: wait)
    }

    private func note() {
        guard let watch else { return }
        connections.note(unread: heldBytes, since: watch.stalledSince, of: wait)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let leave = event as? Wait.Leave else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        // What was not taken a moment ago may have been since.
        if watch != nil, context.unsentBytes == 0 { end(context) }
        if wait.mustLeave(leave.reason) {
            context.cut(leave.reason, connections.tally)
        } else if leave.reason == .noRoom {
            connections.makeRoom()
        }
    }
}

@available(*, unavailable)
extension ReaderWatch: Sendable {}

extension ChannelHandlerContext {
    /// What was written and the system has not taken.
    var unsentBytes: Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
