import LedgerStore

extension ExportPages {
    /// How many bytes of records are written between two durable steps.
    private static let stepBytes = 16 << 20

    /// Writes each page of one log in order, makes what was written durable now and then, and shows how far it
    /// is.
    func write(
        _ append: (ExportPage) async throws -> Void,
        commit: (_ next: Int64) throws -> Void
    ) async throws {
        let meter = ProgressMeter("export")
        let end = positions.upperBound
        var stepBytes = 0
        try await forEach { page, _ in
            try await append(page)
            stepBytes += page.lines.count
            if let next = page.next, stepBytes >= Self.stepBytes {
                try commit(next)
                stepBytes = 0
            }
            meter.show(page.next ?? end, of: end, "positions")
        }
        meter.end()
    }
}
