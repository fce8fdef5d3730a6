import Ledger
import LedgerExport
import LedgerStack
import LedgerStore
import MerkleLog
import Vault

/// An export to a file, which can be interrupted at any moment and gone on with: one log after the other, as on
/// standard output.
struct FileExport {
    let command: ExportCommand
    let store: LedgerStore

    func run(path: String) async throws {
        let asked = try await command.selection.requests(store)
        let file = try ExportFile(
            path: path,
            plan: ExportFilePlan(
                export: store.clock.identifier(),
                parts: asked.map { request in
                    ExportFilePlan.Part(
                        origin: store.vault.checkpointSigner(logID: request.log.id).key.name,
                        positions: request.positions
                    )
                },
                query: asked[0].query,
                format: command.format,
                isGzipped: command.gzip
            ),
            resuming: command.resume
        )
        let first = file.part
        let requests = left(of: asked, in: file)
        try await store.recordExport(
            requests,
            id: file.plan.export,
            format: command.format.recorded,
            context: .byOperator
        )
        try await ExportPages(store: store, requests: requests).write { part in
            file.go(to: first + part.place.index)
            let page = part.page
            try file.append(lines: page.lines, ends: page.ends, positions: page.positions)
        } commit: { place in
            file.go(to: first + place.index)
            try file.commit(next: place.position)
        }
        try file.finish()
        Terminal.message("\(file.events) events are in \(path).")
    }

    /// What is left to be written: no log ends later than it did when the file was begun.
    private func left(of asked: [ExportRequest], in file: ExportFile) -> [ExportRequest] {
        zip(asked, file.plan.parts).enumerated().dropFirst(file.part).map { index, pair in
            var (request, part) = pair
            let start = index == file.part ? file.next : part.positions.lowerBound
            request.positions = start..<part.positions.upperBound
            return request
        }
    }
}
