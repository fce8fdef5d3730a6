import Ledger
import LedgerExport
import LedgerStack
import LedgerStore
import SystemPackage

/// An export to standard output.
struct StreamExport {
    let command: ExportCommand
    let store: LedgerStore

    func run() async throws {
        let pages = ExportPages(store: store, requests: try await command.selection.requests(store))
        try await store.recordExport(
            pages.requests,
            id: store.clock.identifier(),
            format: command.format.recorded,
            context: .byOperator
        )
        let compressor = command.gzip ? GzipWriter() : nil
        let meter = ProgressMeter("export")
        var count: Int64 = 0
        if command.format == .csv { try write(CSVTable.header, compressor) }
        let end = pages.positions.upperBound
        try await pages.forEach { part in
            try write(try rows(part.page), compressor)
            count += Int64(part.page.positions.count)
            meter.show(part.next.map(pages.reached) ?? end, of: end, "positions")
        }
        if let compressor { try Self.write(compressor.finish()) }
        meter.end()
        Terminal.message("\(count) events exported.")
    }

    private func rows(_ page: ExportPage) throws -> [UInt8] {
        guard command.format == .csv else { return page.lines }
        var rows: [UInt8] = []
        try CSVTable.append(
            lines: page.lines,
            ends: page.ends,
            positions: page.positions,
            to: &rows
        )
        return rows
    }

    private func write(_ bytes: [UInt8], _ compressor: GzipWriter?) throws {
        try Self.write(compressor?.append(bytes) ?? bytes)
    }

    private static func write(_ bytes: [UInt8]) throws {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch Errno.brokenPipe {
            throw CommandError("Whoever read the export has stopped.")
        }
    }
}
