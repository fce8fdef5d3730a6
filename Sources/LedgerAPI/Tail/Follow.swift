internal import LedgerStore
internal import NIOCore
internal import Synchronization

/// Somebody who follows a log: asked again and again whether it still may, and told to end when it may
/// not, or when the service does.
final class Follow: Sendable {
    private struct State {
        var isEnded = false
        var hasLeft = false
    }

    private let standing: StandingCaller
    /// What wakes it where it waits.
    let bell = FollowBell()
    private let channel: any Channel
    private let state = Mutex(State())

    init(_ caller: Caller, _ context: LedgerRequestContext) async {
        standing = await StandingCaller(caller, context)
        channel = context.channel
        channel.closeFuture.whenComplete { [weak self] _ in self?.end() }
    }

    var caller: Caller { standing.caller }

    /// Whether it must end.
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Whether its key is still valid, over its connection; where nobody can say, it is for a moment.
    func isValid(_ store: LedgerStore) async -> Bool { await standing.isValid(store) }

    /// Whether its reader has gone: nothing can be sent any more.
    var isAbandoned: Bool { !channel.isActive }

    /// Ends it: in order where it waits for something new, by closing the connection where its reader
    /// does not take what was written.
    func end() {
        let isFirst = state.withLock { state in
            defer { state.isEnded = true }
            return !state.isEnded
        }
        guard isFirst else { return }
        bell.ring()
        channel.eventLoop.scheduleTask(in: RequestLimits.followEndTime) {
            guard !self.state.withLock({ $0.hasLeft }) else { return }
            self.channel.close(promise: nil)
        }
    }

    /// It has said its last word; the connection may be used for something else.
    func leave() { state.withLock { $0.hasLeft = true } }
}
