internal import AsyncHTTPClient
internal import Ledger
internal import LedgerExport
internal import LedgerStack
internal import LedgerStore
internal import NIOCore
internal import NIOHTTP1
internal import SystemPackage

/// How long one export over HTTP may take.
private let exportTimeMax: TimeAmount = .minutes(10)

extension BenchStack {
    /// Measures exporting a whole history.
    package func export() async throws -> BenchReport {
        try await prepareHistory()
        let log = Log.facts
        let size = try await ledger.store.size(log: log)
        let pages = ExportPages(
            store: ledger.store,
            requests: [
                ExportRequest(
                    log: log,
                    query: EventQuery(),
                    apps: [],
                    positions: 0..<size
                )
            ]
        )
        let measurements = [
            try await measureHistory("psql \\copy of the records", isBaseline: true) {
                let path = "\(folder)/export.psql"
                _ = try await psql.seconds(of: PackageResources.read_records_sql, output: path)
                return Int(size)
            },
            try await measureHistory("NDJSON to a file") {
                try await write(pages) { $0.lines }
            },
            try await measureHistory("CSV to a file") { try await write(pages, Self.rows) },
            try await measureHistory("NDJSON over HTTP") {
                try await exportOverHTTP(encoding: "identity")
            },
            try await measureHistory("NDJSON over HTTP, gzip") {
                try await exportOverHTTP(encoding: "gzip")
            },
        ]
        return BenchReport(
            title: "export",
            measurements: measurements,
            reference: "psql",
            notes: ["The aim: NDJSON at least half as fast as psql (0.50)."]
        )
    }

    private func write(
        _ pages: ExportPages,
        _ spell: (ExportPage) throws -> [UInt8]
    ) async throws -> Int {
        let file = try FileDescriptor.open(
            FilePath("\(folder)/export"),
            .writeOnly,
            options: [.create, .truncate],
            permissions: .ownerReadWrite
        )
        var count = 0
        do {
            try await pages.forEach { part in
                try file.writeAll(try spell(part.page))
                count += part.page.positions.count
            }
        } catch {
            try? file.close()
            throw error
        }
        try file.close()
        return count
    }

    private static func rows(_ page: ExportPage) throws -> [UInt8] {
        var rows: [UInt8] = []
        try CSVTable.append(
            lines: page.lines,
            ends: page.ends,
            positions: page.positions,
            to: &rows
        )
        return rows
    }

    /// Reads an export to its end and counts its lines.
    private func exportOverHTTP(encoding: String) async throws -> Int {
        var request = HTTPClientRequest(url: "http://\(LocalPort.host):\(port)/v1/export")
        request.headers.add(name: "Authorization", value: "Bearer " + apiKey.exposed)
        request.headers.add(name: "Accept-Encoding", value: encoding)
        let response = try await HTTPClient.shared.execute(request, timeout: exportTimeMax)
        guard response.status == .ok else {
            throw BenchError.exportRefused(status: Int(response.status.code))
        }
        var lines = 0
        for try await part in response.body {
            lines += unsafe part.withUnsafeReadableBytes { bytes in
                unsafe bytes.count { $0 == UInt8(ascii: "\n") }
            }
        }
        return lines
    }
}
