internal import NIOCore
internal import Synchronization

/// Since when a caller is waited for, on one connection: told by its own event loop, seen by all.
final class Wait: Sendable {
    /// Tells a connection that it must leave, if its caller is still waited for.
    struct Leave: Sendable {
        let reason: Cut
    }

    private static let never = UInt64.max

    private let channel: any Channel
    /// For something to be sent, and for something to be taken.
    private let callerSince = Atomic(never)
    private let readerSince = Atomic(never)
    private let unread = Atomic(0)
    private let isLeaving = Atomic(false)

    init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Something is expected of the caller since then; nil while it is not.
    func forCaller(since time: NIODeadline?) {
        callerSince.store(time?.uptimeNanoseconds ?? Self.never, ordering: .relaxed)
    }

    /// So many bytes are held, and none was taken since then; gives how many more than before.
    func forReader(_ bytes: Int, since time: NIODeadline) -> Int {
        let time = bytes > 0 ? time.uptimeNanoseconds : Self.never
        readerSince.store(time, ordering: .relaxed)
        return bytes - unread.exchange(bytes, ordering: .relaxed)
    }

    /// Since when the caller could be told to leave for this reason; nil when it must not be.
    func since(_ reason: Cut) -> UInt64? {
        guard !isLeaving.load(ordering: .relaxed) else { return nil }
        let reader = readerSince.load(ordering: .relaxed)
        guard reason == .noRoom else { return reader == Self.never ? nil : reader }
        let since = min(reader, callerSince.load(ordering: .relaxed))
        let latest = NIODeadline.now() - ServerLimits.roomWaitMin
        return since <= latest.uptimeNanoseconds ? since : nil
    }

    /// Tells the caller to leave.
    func leave(_ reason: Cut) {
        isLeaving.store(true, ordering: .relaxed)
        channel.pipeline.fireUserInboundEventTriggered(Leave(reason: reason))
    }

    /// The caller was told to leave; whether it is still waited for, and must.
    func mustLeave(_ reason: Cut) -> Bool {
        isLeaving.store(false, ordering: .relaxed)
        return since(reason) != nil
    }
}
