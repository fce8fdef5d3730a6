import LedgerStore

/// The stretch of a log that an export is about, page by page.
struct ExportPages {
    let store: LedgerStore
    let filter: EventFilter
    let logID: Int32
    /// The position where the export ends, fixed when it begins.
    let until: Int64

    /// How many bytes of records are written between two durable steps.
    private static let stepBytes = 16 << 20

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

    /// Writes each page in order, makes what was written durable now and then, and shows how far it
    /// is.
    func write(
        from start: Int64,
        _ append: (ExportPage) async throws -> Void,
        commit: (_ next: Int64) throws -> Void
    ) async throws {
        let meter = ProgressMeter("export")
        var stepBytes = 0
        try await forEach(from: start) { page in
            try await append(page)
            stepBytes += page.lines.count
            if let next = page.next, stepBytes >= Self.stepBytes {
                try commit(next)
                stepBytes = 0
            }
            meter.show(page.next ?? until, of: until, "positions")
        }
        meter.end()
    }

    private func page(from position: Int64) async throws -> ExportPage {
        try await store.exportPage(filter, logID: logID, from: position, below: until)
    }
}
