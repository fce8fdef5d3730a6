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
    /// Where the connection comes from.
    let address: ClientAddress
    /// For something to be sent, and for something to be taken.
    private let callerSince = Atomic(never)
    private let readerSince = Atomic(never)
    private let unread = Atomic(0)
    private let isLeaving = Atomic(false)

    init(_ channel: any Channel) {
        self.channel = channel
        address = ClientAddress(channel.remoteAddress)
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

    /// Whether it was told to leave, and has not answered yet.
    var isToLeave: Bool { isLeaving.load(ordering: .relaxed) }

    /// Since when the caller is waited for in a way that is a reason to tell it to leave; nil while it
    /// is not, or was told already.
    func since(_ reason: Cut) -> UInt64? {
        guard !isLeaving.load(ordering: .relaxed) else { return nil }
        let reader = readerSince.load(ordering: .relaxed)
        let since = reason == .noRoom ? min(reader, callerSince.load(ordering: .relaxed)) : reader
        return since == Self.never ? nil : since
    }

    /// Whether who is waited for since then may be told to leave: who has just come may not have had
    /// the time to make use of its room.
    static func isLong(since time: UInt64, _ reason: Cut) -> Bool {
        guard reason == .noRoom else { return true }
        return time <= (NIODeadline.now() - ServerLimits.roomWaitMin).uptimeNanoseconds
    }

    /// Tells the caller to leave.
    func leave(_ reason: Cut) {
        isLeaving.store(true, ordering: .relaxed)
        channel.pipeline.fireUserInboundEventTriggered(Leave(reason: reason))
    }

    /// The caller was told to leave; whether it is still waited for, and must.
    func mustLeave(_ reason: Cut) -> Bool {
        isLeaving.store(false, ordering: .relaxed)
        return since(reason).map { Self.isLong(since: $0, reason) } ?? false
    }
}
