import ArgumentParser
import Ledger
import LedgerExport

/// Where a replay ends: with the record at a position, or with the last one of a time or earlier.
enum ReplayEnd {
    case position(Int64)
    case time(Timestamp)

    /// Reads the value of `--to`.
    init(_ text: String) throws {
        if let position = Int64(text), position >= 0, position < .max {
            self = .position(position)
        } else if let time = Timestamp(text) {
            self = .time(time)
        } else {
            throw ValidationError(
                "--to must be a position or an RFC 3339 time, such as 2026-01-31T12:00:00Z."
            )
        }
    }

    /// How many records of an exported log the result has.
    ///
    /// Clocks of several copies may differ, the order of positions does not: as everywhere, the
    /// story is told up to the last record that was made by then.
    func size(of source: String) throws -> Int64 {
        let time: Timestamp
        switch self {
        case .position(let position): return position + 1
        case .time(let bound): time = bound
        }
        let reader = try BundleReader(path: source)
        var size: Int64 = 0
        while let page = try reader.nextPage() {
            var start = 0
            for (end, position) in zip(page.ends, page.positions) {
                let record = try Record(decoding: Array(page.lines[start..<end - 1]))
                if record.time <= time { size = position + 1 }
                start = end
            }
        }
        return size
    }
}
