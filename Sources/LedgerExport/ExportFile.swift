package import Ledger
internal import Wire

/// What a single exported file is to have, decided before its first byte.
package struct ExportFilePlan: Sendable, Equatable {
    /// What it has of one log.
    package struct Part: Sendable, Equatable {
        /// The log's name.
        package let origin: String
        /// The positions that the query is asked over.
        package let positions: Range<Int64>

        package init(origin: String, positions: Range<Int64>) {
            self.origin = origin
            self.positions = positions
        }
    }

    package let export: Identifier
    /// One log after the other, at least one.
    package let parts: [Part]
    package let query: EventQuery
    package let format: ExportFormat
    package let isGzipped: Bool

    package init(
        export: Identifier,
        parts: [Part],
        query: EventQuery,
        format: ExportFormat,
        isGzipped: Bool
    ) {
        precondition(!parts.isEmpty, "An export is of some log.")
        self.export = export
        self.parts = parts
        self.query = query
        self.format = format
        self.isGzipped = isGzipped
    }

    /// What a later call asks for otherwise; nil when it may go on with this plan.
    func difference(_ later: ExportFilePlan) -> String? {
        // Names are compared byte by byte.
        let areSameLogs = parts.elementsEqual(later.parts) {
            $0.origin.utf8.elementsEqual($1.origin.utf8)
        }
        if !areSameLogs { return "log" }
        let begins = { (plan: ExportFilePlan) in plan.parts.map(\.positions.lowerBound) }
        if query != later.query || begins(self) != begins(later) { return "query" }
        return format == later.format && isGzipped == later.isGzipped ? nil : "format"
    }

    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("export", export)
        writer.key("logs")
        writer.openArray()
        for part in parts {
            writer.element()
            writer.open()
            writer.member("origin", part.origin)
            writer.members(part.positions)
            writer.close()
        }
        writer.closeArray()
        writer.key("query")
        query.write(to: &writer)
        writer.member("format", format.rawValue)
        writer.member("gzip", isGzipped)
        writer.close()
    }

    init(from reader: inout RecordReader) throws {
        try reader.literal("{\"export\":")
        export = try reader.identifier()
        try reader.next("logs")
        try reader.literal("[")
        var parts: [Part] = []
        repeat {
            try reader.literal("{\"origin\":")
            let origin = try reader.string()
            try reader.literal(",")
            parts.append(Part(origin: origin, positions: try reader.positions()))
            try reader.literal("}")
        } while reader.skip(",")
        try reader.literal("]")
        self.parts = parts
        try reader.next("query")
        query = try EventQuery(from: &reader)
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

    /// Which of the plan's parts is being written.
    package private(set) var part: Int
    /// The position to go on from in that part's log.
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
            let part = stored.parts.firstIndex { part in
                progress.origin.map { $0.utf8.elementsEqual(part.origin.utf8) } ?? false
            }
            guard let part, progress.marks.map(\.name) == [name],
                stored.parts[part].positions.lowerBound <= progress.next,
                progress.next <= stored.parts[part].positions.upperBound
            else { throw .damagedProgress }
            if let what = stored.difference(plan) { throw .otherPlan(what: what) }
            self.plan = stored
            self.part = part
            self.progress = progress
        } else {
            if DiskFolder.isThere(path) {
                if resuming { throw .finished }
                throw .occupied(name: name)
            }
            self.plan = plan
            part = 0
            progress = ExportProgress(
                origin: plan.parts[0].origin,
                next: plan.parts[0].positions.lowerBound,
                marks: [ResumableFile.Mark(name: name)]
            )
            try folder.replace(progressName, progress.encoded(plan: plan.write))
        }
        file = try ResumableFile(progress.marks[0], in: folder, isGzipped: self.plan.isGzipped)
        if self.plan.format == .csv, file.mark.lines == 0 { try file.appendHeader() }
    }

    private var positions: Range<Int64> { plan.parts[part].positions }

    /// Goes on with a part, of this number: all those before it are written as far as they go.
    ///
    /// Durable with the next `commit`, as everything is.
    package func go(to part: Int) {
        precondition(plan.parts.indices ~= part && part >= self.part, "an export does not go back")
        guard part > self.part else { return }
        self.part = part
        progress.begin(plan.parts[part].origin, at: positions.lowerBound)
    }

    /// Adds events of the part's log in the order of their positions.
    ///
    /// `lines` has the records, each with a newline behind it; `ends` says where each line ends
    /// (behind the newline).
    package func append(
        lines: [UInt8],
        ends: [Int],
        positions: [Int64]
    ) throws(BundleError) {
        precondition(ends.count == positions.count, "each line has a position")
        progress.add(positions, in: self.positions)
        switch plan.format {
        case .ndjson: try file.append(lines, lines: ends.count)
        case .csv:
            var rows: [UInt8] = []
            try CSVTable.append(lines: lines, ends: ends, positions: positions, to: &rows)
            try file.append(rows, lines: ends.count)
        }
    }

    /// Makes everything so far durable; a resumed file goes on from this position of the part's log.
    ///
    /// A compressed file begins a new member behind it, so a step should have megabytes in it.
    package func commit(next: Int64) throws(BundleError) {
        try file.commit()
        progress.advance(to: next, in: positions, marks: [file.mark])
        try folder.replace(progressName, progress.encoded(plan: plan.write))
    }

    /// Completes the file.
    package func finish() throws(BundleError) {
        go(to: plan.parts.count - 1)
        try commit(next: positions.upperBound)
        try file.commit(isComplete: true)
        try folder.remove(progressName)
    }
}
