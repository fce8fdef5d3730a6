internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// The open connections of a server, and who of them makes room when there is too little.
///
/// That is who is waited for the longest: to send something, or to take an answer. Who waits for us
/// never does.
final class Connections: Sendable {
    let tally: ConnectionTally
    private let connectionsMax: Int
    private let unreadBytesMax: Int
    private let waits = Mutex<[ObjectIdentifier: Wait]>([:])
    private let openCount = Atomic(0)
    private let unreadBytes = Atomic(0)
    private let isTryingAgain = Atomic(false)

    init(tally: ConnectionTally, connectionsMax: Int, unreadBytesMax: Int) {
        self.tally = tally
        self.connectionsMax = connectionsMax
        self.unreadBytesMax = unreadBytesMax
    }

    /// One that was accepted; it is forgotten when it is closed.
    func add(_ channel: any Channel) -> Wait {
        let wait = Wait(channel)
        let id = ObjectIdentifier(wait)
        waits.withLock { $0[id] = wait }
        channel.closeFuture.whenComplete { _ in self.waits.withLock { $0[id] = nil } }
        return wait
    }

    /// So many are open now.
    func note(openCount count: Int) {
        openCount.store(count, ordering: .relaxed)
        tally.note(openCount: count)
    }

    /// So many bytes are held for the reader of a connection, who has taken none since then.
    func note(unread bytes: Int, since time: NIODeadline, of wait: Wait) {
        let more = wait.forReader(bytes, since: time)
        let all = unreadBytes.add(more, ordering: .relaxed).newValue
        if more > 0, all > unreadBytesMax { longestWait(.unreadBytes)?.leave(.unreadBytes) }
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

    private func longestWait(_ reason: Cut) -> Wait? {
        waits.withLock { waits in
            waits.values
                .compactMap { wait in wait.since(reason).map { (wait: wait, since: $0) } }
                .min { $0.since < $1.since }?.wait
        }
    }
}
