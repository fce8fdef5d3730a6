/// The stretch of a log that an export is about, page by page.
package struct ExportPages: Sendable {
    private let store: LedgerStore
    private let filter: EventFilter
    private let logID: Int32
    /// The position where the export ends, fixed when it begins.
    package let until: Int64

    /// The records of a log below a position that pass a filter.
    package init(store: LedgerStore, filter: EventFilter, logID: Int32, until: Int64) {
        self.store = store
        self.filter = filter
        self.logID = logID
        self.until = until
    }

    /// Hands over each page in order, and reads the next one meanwhile.
    package func forEach(
        from start: Int64,
        _ body: (ExportPage) async throws -> Void
    ) async throws {
        var page = try await page(from: start)
        while let next = page.next {
            async let following = self.page(from: next)
            try await body(page)
            page = try await following
        }
        try await body(page)
    }

    private func page(from position: Int64) async throws -> ExportPage {
        try await store.exportPage(filter, logID: logID, from: position, below: until)
    }
}
