import Ledger
import LedgerExport
import LedgerStack
import LedgerStore
import MerkleLog
import Vault

/// An export to a file, which can be interrupted at any moment and gone on with.
struct FileExport {
    let command: ExportCommand
    let store: LedgerStore

    func run(path: String) async throws {
        let log = command.selection.conditions.log
        let size = try await store.size(log: log)
        var request = try await command.selection.request(store, upTo: size)
        let file = try ExportFile(
            path: path,
            plan: ExportFilePlan(
                export: store.clock.identifier(),
                origin: store.vault.checkpointSigner(logID: log.id).key.name,
                query: request.query,
                positions: request.positions,
                format: command.format,
                isGzipped: command.gzip
            ),
            resuming: command.resume
        )
        request.positions = file.next..<file.plan.positions.upperBound
        try await store.recordExport(
            request,
            id: file.plan.export,
            format: command.format.recorded,
            context: .byOperator
        )
        try await ExportPages(store: store, request: request).write { page in
            try file.append(lines: page.lines, ends: page.ends, positions: page.positions)
        } commit: {
            try file.commit(next: $0)
        }
        try file.finish()
        Terminal.message("\(file.events) events are in \(path).")
    }
}
