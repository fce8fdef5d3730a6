/// What is exported, page by page.
package struct ExportPages: Sendable {
    private let store: LedgerStore
    package let request: ExportRequest

    /// The records that a request asks for.
    package init(store: LedgerStore, request: ExportRequest) {
        self.store = store
        self.request = request
    }

    /// Hands over each page in order, and reads the next one meanwhile.
    package func forEach(_ body: (ExportPage) async throws -> Void) async throws {
        var page = try await store.exportPage(request, from: request.positions.lowerBound)
        while let next = page.next {
            async let following = store.exportPage(request, from: next)
            try await body(page)
            page = try await following
        }
        try await body(page)
    }
}
