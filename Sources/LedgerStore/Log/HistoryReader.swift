internal import Ledger

/// Reads all of a user's events that are in the database, the oldest first, a page at a time.
///
/// Of how many between them are cold history, each says (`StoredEvent.coldBefore`).
/// A history is as long as callers make it, and answers to anybody may need all of it. So where who
/// reads lists waits, few long ones of an app, and in all, are read at once.
package struct HistoryReader: Sendable {
    private let store: LedgerStore
    private let subject: Identifier
    private let app: Identifier
    private let log: Log
    private let isListed: Bool
    /// The version of the last event.
    private var version: Int64 = 0
    private var isAtEnd = false
    /// From the second page on.
    private var place: AppPlace?

    init(
        _ store: LedgerStore,
        of subject: Identifier,
        in app: Identifier,
        log: Log,
        isListed: Bool
    ) {
        self.store = store
        self.subject = subject
        self.app = app
        self.log = log
        self.isListed = isListed
    }

    /// The next page; nil after the last one.
    ///
    /// - Throws: `StoreError.overloaded` when as many long histories are read as may be.
    package mutating func next() async throws(StoreError) -> [StoredEvent]? {
        guard !isAtEnd else { return nil }
        if isListed, version > 0, place == nil {
            guard let place = store.histories.enter(app) else { throw .overloaded }
            self.place = place
        }
        let page = try await store.history(
            of: subject,
            log: log,
            after: version,
            limit: StoreLimits.pageEventsMax,
            isListed: isListed
        )
        version = page.last?.subjectVersion ?? version
        isAtEnd = page.count < StoreLimits.pageEventsMax
        return page
    }
}
