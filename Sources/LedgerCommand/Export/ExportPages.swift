import LedgerStore

/// The stretch of a log that an export is about, page by page.
struct ExportPages {
    let store: LedgerStore
    let filter: EventFilter
    let logID: Int32
    /// The position where the export ends, fixed when it begins.
    let until: Int64

    /// Hands over each page in order, and reads the next one meanwhile.
    func forEach(
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
