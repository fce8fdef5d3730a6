import LedgerStore

extension ExportPages {
    /// How many bytes of records are written between two durable steps.
    private static let stepBytes = 16 << 20

    /// Writes each page in order, makes what was written durable now and then, and shows how far it is.
    func write(
        _ append: (Part) async throws -> Void,
        commit: (_ next: Place) throws -> Void
    ) async throws {
        let meter = ProgressMeter("export")
        let end = positions.upperBound
        var stepBytes = 0
        try await forEach { part in
            try await append(part)
            stepBytes += part.page.lines.count
            if let next = part.next, stepBytes >= Self.stepBytes {
                try commit(next)
                stepBytes = 0
            }
            meter.show(part.next.map(reached) ?? end, of: end, "positions")
        }
        meter.end()
    }
}
