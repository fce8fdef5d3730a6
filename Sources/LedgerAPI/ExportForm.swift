internal import Ledger
internal import LedgerExport
internal import LedgerStore

/// How an export spells records: as they are, or as rows of a table.
enum ExportForm: Sendable, Equatable {
    case ndjson
    /// A resumed table may leave its header row away.
    case csv(hasHeader: Bool)

    /// Reads `format` and `header`.
    init(_ query: Query) throws(LedgerError) {
        switch (query["format"] ?? "ndjson", query["header"]) {
        case ("ndjson", nil): self = .ndjson
        case ("csv", nil), ("csv", "present"): self = .csv(hasHeader: true)
        case ("csv", "absent"): self = .csv(hasHeader: false)
        case ("csv", _): throw .malformed("header must be \"present\" or \"absent\".")
        case ("ndjson", _): throw .malformed("header is for the format \"csv\" only.")
        default: throw .malformed("format must be \"ndjson\" or \"csv\".")
        }
    }

    var format: LedgerEvent.Export.Format {
        switch self {
        case .ndjson: .ndjson
        case .csv: .csv
        }
    }

    /// The media type, for a table with the parameters of RFC 4180.
    var contentType: String {
        switch self {
        case .ndjson: "application/x-ndjson"
        case .csv(let hasHeader):
            "text/csv; charset=utf-8; header=" + (hasHeader ? "present" : "absent")
        }
    }

    /// What stands before the first record.
    var head: [UInt8] {
        switch self {
        case .ndjson, .csv(hasHeader: false): []
        case .csv(hasHeader: true): CSVTable.header
        }
    }

    /// Writes the records of a page behind other bytes.
    func append(_ page: ExportPage, to bytes: inout [UInt8]) throws {
        switch self {
        case .ndjson:
            if bytes.isEmpty { bytes = page.lines } else { bytes += page.lines }
        case .csv:
            try CSVTable.append(
                lines: page.lines,
                ends: page.ends,
                positions: page.positions,
                to: &bytes
            )
        }
    }
}
