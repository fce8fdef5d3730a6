internal import Ledger
internal import LedgerStore
internal import Measures
internal import Synchronization

/// Who follows, of each key and in all.
final class FollowRoom: Sendable {
    private struct State {
        var follows: [ObjectIdentifier: Follow] = [:]
        var counts: [String: Int] = [:]
        /// Whether somebody who is behind reads the log, and who waits for that.
        var isReading = false
        var readers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let refusals = Counter()

    /// A place, as long as it is held.
    ///
    /// - Throws: `LedgerError.tooManyFollows`.
    func enter(_ follow: Follow) throws(LedgerError) -> FollowPlace {
        let key = follow.caller.keyID
        let isIn = state.withLock { state in
            guard state.counts[key, default: 0] < RequestLimits.followsOfKeyMax,
                state.follows.count < RequestLimits.followsMax
            else { return false }
            state.counts[key, default: 0] += 1
            state.follows[ObjectIdentifier(follow)] = follow
            return true
        }
        guard isIn else {
            refusals.add()
            throw .tooManyFollows
        }
        return FollowPlace(of: follow, in: self)
    }

    /// Adds how full it is to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.follows, state.withLock(\.follows.count))
        page.add(.followsMax, RequestLimits.followsMax)
        page.add(.followsOfKeyMax, RequestLimits.followsOfKeyMax)
        page.add(.refusedFollows, refusals)
    }

    fileprivate func leave(_ follow: Follow) {
        state.withLock { state in
            let key = follow.caller.keyID
            let count = state.counts[key, default: 0] - 1
            state.counts[key] = count > 0 ? count : nil
            state.follows[ObjectIdentifier(follow)] = nil
        }
    }

    /// Reads the log for somebody who is behind: one after the other, for a thousand who come at once
    /// would leave no connection to those who list and export.
    func read<Value: Sendable>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.isReading else {
                    state.isReading = true
                    return true
                }
                state.readers.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard !state.readers.isEmpty else {
                    state.isReading = false
                    return nil
                }
                return state.readers.removeFirst()
            }
            next?.resume()
        }
        return try await body()
    }

    /// Ends those whose key is valid no more, or not from where they are.
    ///
    /// Where nobody can say for long, nobody may.
    func endInvalid(_ store: LedgerStore) async {
        let follows = state.withLock { Array($0.follows.values) }.filter { !$0.isEnded }
        await withDiscardingTaskGroup { group in
            for (_, follows) in Dictionary(grouping: follows, by: \.caller.keyID) {
                group.addTask { await Self.endInvalid(follows, store) }
            }
        }
    }

    /// The same of one key: only the first question goes to the database.
    private static func endInvalid(_ follows: [Follow], _ store: LedgerStore) async {
        for follow in follows where await !follow.isValid(store) { follow.end() }
    }
}

/// One who follows; it is none any more when nobody holds this, however its answer ended.
final class FollowPlace: Sendable {
    let follow: Follow
    private let room: FollowRoom

    fileprivate init(of follow: Follow, in room: FollowRoom) {
        self.follow = follow
        self.room = room
    }

    deinit { room.leave(follow) }
}

extension MetricFamily {
    fileprivate static let follows = gauge(
        "token_ledger_follows",
        "Callers who follow events"
    )
    fileprivate static let followsMax = gauge(
        "token_ledger_follows_max",
        "How many callers may follow events"
    )
    fileprivate static let followsOfKeyMax = gauge(
        "token_ledger_follows_of_key_max",
        "How many callers with one key may follow events"
    )
    fileprivate static let refusedFollows = counter(
        "token_ledger_refused_follows_total",
        "Callers who may not follow, because as many do as may"
    )
}
