import Ledger
import LedgerExport
import LedgerStore
import SystemPackage

/// An export to standard output.
struct StreamExport {
    let command: ExportCommand
    let target: ExportTarget
    let store: LedgerStore

    func run() async throws {
        let range = try target.range(upTo: target.size)
        let format: LedgerEvent.Export.Format = command.format == .csv ? .csv : .ndjson
        try await target.record(
            target.event(store.clock.identifier(), format, range),
            store
        )
        let compressor = command.gzip ? GzipWriter() : nil
        let meter = ProgressMeter("export")
        var count: Int64 = 0
        if command.format == .csv { try write(CSVTable.header, compressor) }
        let pages = ExportPages(
            store: store,
            filter: target.filter,
            logID: target.logID,
            until: range.upperBound
        )
        try await pages.forEach(from: range.lowerBound) { page in
            try write(try rows(page), compressor)
            count += Int64(page.positions.count)
            meter.show(page.next ?? range.upperBound, of: range.upperBound, "positions")
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
