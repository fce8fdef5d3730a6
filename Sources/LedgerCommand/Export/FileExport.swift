import Ledger
import LedgerExport
import LedgerStore
import MerkleLog
import Vault

/// An export to a file, which can be interrupted at any moment and gone on with.
struct FileExport {
    let command: ExportCommand
    let target: ExportTarget
    let store: LedgerStore

    func run(path: String) async throws {
        let range = try target.range(upTo: target.size)
        let file = try ExportFile(
            path: path,
            plan: ExportFilePlan(
                export: store.clock.identifier(),
                origin: store.vault.checkpointSigner(logID: target.logID).key.name,
                query: target.query,
                positions: range,
                format: command.format,
                isGzipped: command.gzip
            ),
            resuming: command.resume
        )
        let end = file.plan.positions.upperBound
        let format: LedgerEvent.Export.Format = command.format == .csv ? .csv : .ndjson
        try await target.record(
            target.event(file.plan.export, format, file.next..<end),
            store
        )
        let pages = ExportPages(
            store: store,
            filter: target.filter,
            logID: target.logID,
            until: end
        )
        try await pages.write(from: file.next) { page in
            try file.append(lines: page.lines, ends: page.ends, positions: page.positions)
        } commit: {
            try file.commit(next: $0)
        }
        try file.finish()
        Terminal.message("\(file.events) events are in \(path).")
    }
}
