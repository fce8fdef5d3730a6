internal import Ledger
internal import LedgerStore
internal import Synchronization

/// The end of a log of facts, read once for all endpoints of this copy of the service.
final class WebhookLog: Sendable {
    /// What there is for an endpoint from a position on.
    enum Page: Sendable {
        /// These, and where to go on.
        case events([StoredEvent], next: Int64)
        /// Nothing has come yet.
        case nothing
        /// Another log has taken the place of the one that the endpoint was dispatched: it is shorter, or
        /// something else stands in it.
        case lost
    }

    private struct State {
        /// How long the log is, as far as it was read.
        var end: Int64?
        /// What was read last; it ends there.
        var last: LogEnd?
        var start: Int64 = 0
        /// What stands before `end`.
        var place: LogPlace?
        /// Counts the logs: another one that takes the place of one has the next number.
        var number = 0
    }

    let log: Log
    private let store: LedgerStore
    private let state = Mutex(State())

    init(_ log: Log, _ store: LedgerStore) {
        self.log = log
        self.store = store
    }

    /// How long the log is, as far as it was read.
    var end: Int64? { state.withLock { $0.end } }

    /// Which log it is: whoever has begun with another one begins anew.
    var number: Int { state.withLock { $0.number } }

    /// Nobody looks: what was read is soon too old.
    func forget() {
        state.withLock { $0 = State(number: $0.number) }
    }

    /// Reads what has come; whether there is more.
    func look() async throws(StoreError) -> Bool {
        guard let end else {
            let size = try await store.size(log: log)
            let place = try await store.place(before: size, in: log)
            state.withLock { ($0.end, $0.place) = (size, place) }
            return false
        }
        // The last one is read again: it shows whether the log still has it.
        let found = try await store.end(of: log, from: max(0, end - 1))
        state.withLock { state in
            let first = found.events.first.map { LogPlace(of: $0.event) }
            guard end == 0 || first == state.place else {
                state = State(number: state.number + 1)
                return
            }
            guard let last = found.events.last, last.event.position >= end else { return }
            state.last = found
            state.place = LogPlace(of: last.event)
            state.start = end
            state.end = last.event.position + 1
        }
        return found.hasMore
    }

    /// The events of an app from a position on that fulfil the conditions, for who has begun with the log
    /// of this number.
    func page(
        _ query: EventQuery,
        of app: Identifier,
        from position: Int64,
        number: Int
    ) async throws(StoreError) -> Page {
        let state = state.withLock { $0 }
        guard state.number == number else { return .lost }
        guard let end = state.end, position != end else { return .nothing }
        guard position < end else {
            // Another copy may have dispatched what this one has not read yet.
            return try await store.size(log: log) < position ? .lost : .nothing
        }
        if let last = state.last, position >= state.start {
            let events = last.events.filter { event, traits in
                event.position >= position && traits.isFor(app, query)
            }
            return .events(events.map { $0.event }, next: end)
        }
        let found = try await store.passed(query, log: log, positions: position..<end)
        return .events(found.events, next: found.next)
    }
}
