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
        let requests = try await command.selection.requests(store)
        guard var request = requests.first, requests.count == 1 else {
            throw CommandError(
                "There are \(requests.count) logs, and a file that can be gone on with is of one: make a bundle."
            )
        }
        let file = try ExportFile(
            path: path,
            plan: ExportFilePlan(
                export: store.clock.identifier(),
                origin: store.vault.checkpointSigner(logID: request.log.id).key.name,
                query: request.query,
                positions: request.positions,
                format: command.format,
                isGzipped: command.gzip
            ),
            resuming: command.resume
        )
        request.positions = file.next..<file.plan.positions.upperBound
        try await store.recordExport(
            [request],
            id: file.plan.export,
            format: command.format.recorded,
            context: .byOperator
        )
        try await ExportPages(store: store, requests: [request]).write { page in
            try file.append(lines: page.lines, ends: page.ends, positions: page.positions)
        } commit: {
            try file.commit(next: $0)
        }
        try file.finish()
        Terminal.message("\(file.events) events are in \(path).")
    }
}
