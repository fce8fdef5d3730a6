import Ledger
import LedgerExport
import LedgerStore
import MerkleLog

/// An export to a file, which can be interrupted at any moment and gone on with.
struct FileExport {
    let command: ExportCommand
    let target: ExportTarget
    let store: LedgerStore

    /// How many bytes of records are written between two durable steps.
    static let stepBytes = 16 << 20

    func run(path: String) async throws {
        let range = try target.range(upTo: target.size)
        let file = try ExportFile(
            path: path,
            plan: ExportFilePlan(
                export: store.clock.identifier(),
                origin: store.vault.checkpointSigner(logID: target.logID).key.name,
                query: target.query,
                range: range,
                format: command.format,
                isGzipped: command.gzip
            ),
            resuming: command.resume
        )
        let end = file.plan.range.upperBound
        let format: LedgerEvent.Export.Format = command.format == .csv ? .csv : .ndjson
        try await target.record(
            target.event(file.plan.export, format, file.next..<end),
            store
        )
        let meter = ProgressMeter("export")
        let pages = ExportPages(
            store: store,
            filter: target.filter,
            logID: target.logID,
            until: end
        )
        var stepBytes = 0
        try await pages.forEach(from: file.next) { page in
            try file.append(lines: page.lines, ends: page.ends, positions: page.positions)
            stepBytes += page.lines.count
            if let next = page.next, stepBytes >= Self.stepBytes {
                try file.commit(next: next)
                stepBytes = 0
            }
            meter.show(page.next ?? end, of: end, "positions")
        }
        try file.finish()
        meter.end()
        Terminal.message("\(file.events) events are in \(path).")
    }
}
