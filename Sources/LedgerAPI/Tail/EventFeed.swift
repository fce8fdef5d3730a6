internal import Ledger
internal import LedgerStore
internal import Logging
internal import Synchronization

/// The end of one log, read once for all who follow it in this copy of the service.
///
/// Nobody tells it of appends, so those of other copies are seen as soon as its own. It keeps the last
/// pages, for who is a moment late; who is later than that reads the log itself, by position: nothing
/// is kept for anybody (docs/decisions/0053-the-log-is-the-queue.md).
final class EventFeed: Sendable {
    /// What is there for a follower.
    enum Step: Sendable {
        /// All from here on, which begins at the position or before it.
        case page(FeedPage)
        /// What was passed by, up to the log's end: it is to be read from the log.
        case behind(end: Int64)
        /// Nothing; the place is that before the position, where it is known.
        case nothing(LogPlace?)
        /// What was read stands in the log no more.
        case lost
    }

    private struct State {
        var followerCount = 0
        /// Nil until it was looked at, since somebody came.
        var end: Int64?
        /// What stands before the end.
        var last: LogPlace?
        var pages = FeedPages()
        /// How often the log was found to be another one.
        var losses = 0
        var waiters: [ObjectIdentifier: FollowBell] = [:]

        mutating func takeWaiters() -> [FollowBell] {
            defer { waiters = [:] }
            return Array(waiters.values)
        }

        mutating func forget() {
            (end, last, pages) = (nil, nil, FeedPages())
        }

        mutating func append(_ page: FeedPage) {
            pages.append(page)
            (end, last) = (page.positions.upperBound, page.last)
        }
    }

    let log: Log
    private let store: LedgerStore
    private let logger: Logger
    private let state = Mutex(State())
    private let comings = AsyncStream.makeStream(
        of: Void.self,
        bufferingPolicy: .bufferingNewest(1)
    )

    init(of log: Log, store: LedgerStore, logger: Logger) {
        self.log = log
        self.store = store
        self.logger = logger
    }

    // MARK: Followers

    /// Somebody follows from now on; gives how often the log was another one so far.
    func enter() -> Int {
        let (isFirst, losses) = state.withLock { state in
            state.followerCount += 1
            return (state.followerCount == 1, state.losses)
        }
        if isFirst { comings.continuation.yield() }
        return losses
    }

    /// Somebody follows no more.
    func leave(_ bell: FollowBell) {
        state.withLock { state in
            state.followerCount -= 1
            state.waiters[ObjectIdentifier(bell)] = nil
            // Nobody looks at what comes now.
            if state.followerCount == 0 { state.forget() }
        }
    }

    /// What is there from a position on, for who came after so many losses.
    func step(at position: Int64, losses: Int) -> Step {
        state.withLock { state in
            guard state.losses == losses else { return .lost }
            guard let end = state.end, position < end else {
                return .nothing(state.end == position ? state.last : nil)
            }
            return state.pages.page(at: position).map { .page($0) } ?? .behind(end: end)
        }
    }

    /// Rings once something may have come from a position on, or some seconds have passed.
    func ring(_ bell: FollowBell, at position: Int64) {
        let isDue = state.withLock { state in
            if state.end.map({ position < $0 }) ?? false { return true }
            state.waiters[ObjectIdentifier(bell)] = bell
            return false
        }
        if isDue { bell.ring() }
    }

    // MARK: The reader

    /// Reads while somebody follows, until it is cancelled.
    func run() async {
        for await _ in comings.stream {
            var told = ContinuousClock.now
            var isAway = false
            while isFollowed, !Task.isCancelled {
                var hasMore = false
                do {
                    hasMore = try await look()
                    isAway = false
                } catch {
                    // Nothing is told meanwhile, and keys cannot be looked up either.
                    if !isAway { tell(error) }
                    isAway = true
                }
                if told + RequestLimits.feedTick <= .now {
                    told = .now
                    for waiter in state.withLock({ $0.takeWaiters() }) { waiter.ring() }
                }
                if !hasMore { try? await Task.sleep(for: RequestLimits.feedPause) }
            }
        }
        for waiter in state.withLock({ $0.takeWaiters() }) { waiter.ring() }
    }

    private func tell(_ error: StoreError) {
        logger.warning(
            "the end of a log is not read",
            metadata: ["log": "\(log.name)", "error": "\(LedgerError(error))"]
        )
    }

    private var isFollowed: Bool { state.withLock { $0.followerCount > 0 } }

    /// Reads what has come, and tells those who wait; whether there is more.
    func look() async throws(StoreError) -> Bool {
        guard let end = state.withLock({ $0.end }) else {
            let size = try await store.size(log: log)
            for waiter in state.withLock({ state in
                state.end = size
                return state.takeWaiters()
            }) { waiter.ring() }
            return true
        }
        // The last one is read again: it shows whether the log is still the same.
        let found = try await store.end(of: log, from: max(0, end - 1))
        let waiters = state.withLock { state in take(found, at: end, &state) }
        for waiter in waiters { waiter.ring() }
        return found.hasMore
    }

    /// Takes what was found; gives who is to be told.
    private func take(
        _ found: LogEnd,
        at end: Int64,
        _ state: inout State
    ) -> [FollowBell] {
        // Everybody has left meanwhile.
        guard state.end == end else { return [] }
        let first = found.events.first { $0.event.position == end - 1 }
        let place = first.map { LogPlace(of: $0.event) }
        guard state.last == nil || place == state.last else {
            state.forget()
            state.losses += 1
            return state.takeWaiters()
        }
        state.last = place
        guard let page = FeedPage(found.events.drop { $0.event.position < end }, from: end) else {
            return []
        }
        state.append(page)
        return state.takeWaiters()
    }
}
