internal import Ledger
internal import LedgerStore
internal import Synchronization

/// The end of the log of facts, read once for all endpoints of this copy of the service.
final class WebhookLog: Sendable {
    /// What there is for an endpoint from a position on.
    enum Page: Sendable {
        /// These, and where to go on.
        case events([StoredEvent], next: Int64)
        /// Nothing has come yet.
        case nothing
        /// The log is shorter than the endpoint was dispatched: another database has taken its place.
        case lost
    }

    private struct State {
        /// How long the log is, as far as it was read.
        var end: Int64?
        /// What was read last; it ends there.
        var last: LogEnd?
        var start: Int64 = 0
    }

    private let store: LedgerStore
    private let state = Mutex(State())

    init(_ store: LedgerStore) {
        self.store = store
    }

    /// How long the log is, as far as it was read.
    var end: Int64? { state.withLock { $0.end } }

    /// Reads what has come; whether there is more.
    func look() async throws(StoreError) -> Bool {
        guard let end else {
            let size = try await store.size(log: .facts)
            state.withLock { $0.end = size }
            return false
        }
        // The last one is read again: it shows whether the log still has it.
        let found = try await store.end(of: .facts, from: max(0, end - 1))
        state.withLock { state in
            guard let last = found.events.last,
                found.events.first?.event.position == max(0, end - 1)
            else {
                if end > 0 { state.end = nil }
                return
            }
            guard last.event.position >= end else { return }
            state.last = found
            state.start = end
            state.end = last.event.position + 1
        }
        return found.hasMore
    }

    /// The events of an app from a position on that fulfil the conditions.
    func page(
        _ query: EventQuery,
        of app: Identifier,
        from position: Int64
    ) async throws(StoreError) -> Page {
        let state = state.withLock { $0 }
        guard let end = state.end, position != end else { return .nothing }
        guard position < end else { return .lost }
        if let last = state.last, position >= state.start {
            let events = last.events.filter { event, traits in
                event.position >= position && traits.isFor(app, query)
            }
            return .events(events.map { $0.event }, next: end)
        }
        let found = try await store.passed(query, log: .facts, positions: position..<end)
        return .events(found.events, next: found.next)
    }
}
