internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The open connections of a server, and who of them makes room when there is too little.
///
/// That is who is waited for the longest, to send something or to take an answer, among those who come
/// from where most connections come from: one address that takes all room takes it from itself. Who
/// waits for us never does.
final class Connections: Sendable {
    let tally: ConnectionTally
    private let connectionsMax: Int
    private let unreadBytesMax: Int
    private let open = Mutex(Open())
    private let openCount = Atomic(0)
    private let unreadBytes = Atomic(0)
    private let isTryingAgain = Atomic(false)

    private struct Open {
        var waits: [ObjectIdentifier: Wait] = [:]
        /// How many connections each address has.
        var counts: [ClientAddress: Int] = [:]
    }

    init(tally: ConnectionTally, connectionsMax: Int, unreadBytesMax: Int) {
        self.tally = tally
        self.connectionsMax = connectionsMax
        self.unreadBytesMax = unreadBytesMax
    }

    /// One that was accepted; it is forgotten when it is closed.
    func add(_ channel: any Channel) -> Wait {
        let wait = Wait(channel)
        let id = ObjectIdentifier(wait)
        open.withLock { open in
            open.waits[id] = wait
            open.counts[wait.address, default: 0] += 1
        }
        channel.closeFuture.whenComplete { _ in
            self.open.withLock { open in
                open.waits[id] = nil
                let left = (open.counts[wait.address] ?? 0) - 1
                open.counts[wait.address] = left > 0 ? left : nil
            }
        }
        return wait
    }

    /// So many are open now.
    func note(openCount count: Int) { openCount.store(count, ordering: .relaxed) }

    /// So many bytes are held for the reader of a connection, who has taken none since then.
    func note(unread bytes: Int, since time: NIODeadline, of wait: Wait) {
        let more = wait.forReader(bytes, since: time)
        let all = unreadBytes.add(more, ordering: .relaxed).newValue
        if more > 0, all > unreadBytesMax { longestWait(.unreadBytes)?.leave(.unreadBytes) }
    }

    /// How it stands, for metrics.
    var figures: (open: Int, openMax: Int, unreadBytes: Int, unreadBytesMax: Int) {
        (
            openCount.load(ordering: .relaxed), connectionsMax,
            unreadBytes.load(ordering: .relaxed), unreadBytesMax
        )
    }

    /// Whether as many are open as may be.
    var isFull: Bool { openCount.load(ordering: .relaxed) >= connectionsMax }

    /// Makes room for one more, if there is none.
    func makeRoom() {
        guard isFull else { return }
        tally.noteFull()
        if let wait = longestWait(.noRoom) { return wait.leave(.noRoom) }
        // Nobody is waited for now. It will not be long.
        guard !isTryingAgain.exchange(true, ordering: .relaxed) else { return }
        MultiThreadedEventLoopGroup.singleton.any()
            .scheduleTask(in: ServerLimits.roomPause) {
                self.isTryingAgain.store(false, ordering: .relaxed)
                self.makeRoom()
            }
    }

    /// What counts of an address's connections: a proxy with its few is no flood, and many addresses
    /// with one each are waited for alike.
    private func share(_ count: Int) -> Int {
        count > connectionsMax / ServerLimits.addressShare ? count : 0
    }

    /// Nil also while those of the busiest address have just come: nobody else leaves for them.
    ///
    /// Nil, too, while somebody is on the way out, told to make room or gone by himself: each is one
    /// place, and of those who are told one after the other the last would be of any address.
    private func longestWait(_ reason: Cut) -> Wait? {
        let longest = open.withLock { open -> (wait: Wait, since: UInt64, share: Int)? in
            if reason == .noRoom {
                guard open.waits.count >= connectionsMax,
                    !open.waits.values.contains(where: \.isToLeave)
                else { return nil }
            }
            return open.waits.values
                .compactMap { wait in
                    wait.since(reason).map { since in
                        (wait: wait, since: since, share: share(open.counts[wait.address] ?? 0))
                    }
                }
                .min { ($1.share, $0.since) < ($0.share, $1.since) }
        }
        guard let longest, Wait.isLong(since: longest.since, reason) else { return nil }
        return longest.wait
    }
}
