package import Ledger
internal import Wire

/// What a single exported file is to have, decided before its first byte.
package struct ExportFilePlan: Sendable, Equatable {
    package let export: Identifier
    /// The log's name.
    package let origin: String
    package let query: EventQuery
    /// The positions that the query is asked over.
    package let positions: Range<Int64>
    package let format: ExportFormat
    package let isGzipped: Bool

    package init(
        export: Identifier,
        origin: String,
        query: EventQuery,
        positions: Range<Int64>,
        format: ExportFormat,
        isGzipped: Bool
    ) {
        self.export = export
        self.origin = origin
        self.query = query
        self.positions = positions
        self.format = format
        self.isGzipped = isGzipped
    }

    /// What a later call asks for otherwise; nil when it may go on with this plan.
    func difference(_ later: ExportFilePlan) -> String? {
        if !origin.utf8.elementsEqual(later.origin.utf8) { return "log" }
        if query != later.query || positions.lowerBound != later.positions.lowerBound {
            return "query"
        }
        return format == later.format && isGzipped == later.isGzipped ? nil : "format"
    }

    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("export", export)
        writer.member("origin", origin)
        writer.key("query")
        query.write(to: &writer)
        writer.members(positions)
        writer.member("format", format.rawValue)
        writer.member("gzip", isGzipped)
        writer.close()
    }

    init(from reader: inout RecordReader) throws {
        try reader.literal("{\"export\":")
        export = try reader.identifier()
        try reader.next("origin")
        origin = try reader.string()
        try reader.next("query")
        query = try EventQuery(from: &reader)
        try reader.literal(",")
        positions = try reader.positions()
        try reader.next("format")
        guard let format = ExportFormat(rawValue: try reader.string()) else {
            throw BundleError.damagedProgress
        }
        self.format = format
        try reader.next("gzip")
        isGzipped = try reader.boolean()
        try reader.literal("}")
    }
}

/// Writes events into one file, with constant memory; whoever was killed goes on from the last
/// `commit`.
///
/// `FILE.progress` beside it says that it is unfinished.
package final class ExportFile {
    /// What is written; when an unfinished file was resumed, what that was begun with.
    package let plan: ExportFilePlan

    private let folder: DiskFolder
    private let progressName: String
    private let file: ResumableFile
    private var progress: ExportProgress

    /// The position to go on from.
    package var next: Int64 { progress.next }
    /// How many events are in it.
    package var events: Int64 { progress.events }

    /// Begins a file that is not there, or goes on with one that was begun.
    ///
    /// Going on, the plan that it was begun with stays; the one given must ask for the same, or
    /// `BundleError.otherPlan` is thrown. Where nothing was begun, `resuming` begins.
    package init(path: String, plan: ExportFilePlan, resuming: Bool) throws(BundleError) {
        folder = DiskFolder(holding: path)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        progressName = name + ".progress"
        if DiskFolder.isThere(folder.file(progressName)) {
            guard resuming else { throw .unfinished }
            let bytes = try folder.contents(
                progressName,
                bytesMax: ExportLimits.progressBytesMax
            )
            let (stored, progress) = try ExportProgress.decode(bytes) { reader in
                try ExportFilePlan(from: &reader)
            }
            guard progress.marks.map(\.name) == [name],
                stored.positions.lowerBound <= progress.next,
                progress.next <= stored.positions.upperBound
            else { throw .damagedProgress }
            if let what = stored.difference(plan) { throw .otherPlan(what: what) }
            self.plan = stored
            self.progress = progress
        } else {
            if DiskFolder.isThere(path) {
                if resuming { throw .finished }
                throw .occupied(name: name)
            }
            self.plan = plan
            progress = ExportProgress(
                next: plan.positions.lowerBound,
                marks: [ResumableFile.Mark(name: name)]
            )
            try folder.replace(progressName, progress.encoded(plan: plan.write))
        }
        file = try ResumableFile(progress.marks[0], in: folder, isGzipped: self.plan.isGzipped)
        if self.plan.format == .csv, file.mark.lines == 0 { try file.appendHeader() }
    }

    /// Adds events in the order of their positions.
    ///
    /// `lines` has the records, each with a newline behind it; `ends` says where each line ends
    /// (behind the newline).
    package func append(
        lines: [UInt8],
        ends: [Int],
        positions: [Int64]
    ) throws(BundleError) {
        precondition(ends.count == positions.count, "each line has a position")
        progress.add(positions, in: plan.positions)
        switch plan.format {
        case .ndjson: try file.append(lines, lines: ends.count)
        case .csv:
            var rows: [UInt8] = []
            try CSVTable.append(lines: lines, ends: ends, positions: positions, to: &rows)
            try file.append(rows, lines: ends.count)
        }
    }

    /// Makes everything so far durable; a resumed file goes on from this position.
    ///
    /// A compressed file begins a new member behind it, so a step should have megabytes in it.
    package func commit(next: Int64) throws(BundleError) {
        try file.commit()
        progress.advance(to: next, in: plan.positions, marks: [file.mark])
        try folder.replace(progressName, progress.encoded(plan: plan.write))
    }

    /// Completes the file.
    package func finish() throws(BundleError) {
        try commit(next: plan.positions.upperBound)
        try file.commit(isComplete: true)
        try folder.remove(progressName)
    }
}
