internal import LedgerStore

/// What a check found: which lines of the file are to be left out, and why.
package final class ImportPlan {
    /// Why a line is left out.
    enum Finding {
        case flaw(LineFlaw)
        /// It was taken over before, or is held.
        case present
    }

    /// Behind every flaw: whatever else is wrong with the line is told first.
    private static let presentTag = Int64.max

    /// How many lines name users, the bad ones included.
    package internal(set) var lines: Int64 = 0
    /// How many of them would be taken over.
    package internal(set) var new: Int64 = 0
    /// How many are here already.
    package internal(set) var present: Int64 = 0
    /// How many are bad.
    package internal(set) var bad: Int64 = 0
    let stamp: ImportFile.Stamp
    /// From where in the log on a write looks for itself who got a token.
    let checkedFrom: TakeOversBegin
    /// By line: `tag` is the number of a flaw, `line` the other line that it is about.
    private let findings: SortedSpool

    init(
        stamp: ImportFile.Stamp,
        checkedFrom: TakeOversBegin,
        folder: String
    ) throws(ImportError) {
        self.stamp = stamp
        self.checkedFrom = checkedFrom
        findings = try SortedSpool(folder: folder)
    }

    func add(_ flaw: LineFlaw, line: Int64) throws(ImportError) {
        try findings.append(
            SpoolEntry(
                key: UInt128(line),
                // Sorted before the other line, so that the first flaw of a line is told.
                line: flaw.number,
                tag: flaw.otherLine ?? 0
            )
        )
    }

    func addPresent(line: Int64) throws(ImportError) {
        try findings.append(SpoolEntry(key: UInt128(line), line: Self.presentTag, tag: 0))
    }

    /// The lines that are left out, in order, each once.
    func leftOut() throws(ImportError) -> LeftOutLines {
        LeftOutLines(try findings.sorted())
    }

    /// Tells every bad line, in order, with what is wrong with it.
    package func tellBad(_ body: (Int64, LineFlaw) -> Void) throws(ImportError) {
        var lines = try leftOut()
        while let (line, finding) = try lines.next() {
            if case .flaw(let flaw) = finding { body(line, flaw) }
        }
    }

    /// Counts what was found, once all of it is there.
    func count() throws(ImportError) {
        var lines = try leftOut()
        while let (_, finding) = try lines.next() {
            switch finding {
            case .flaw: bad += 1
            case .present: present += 1
            }
        }
        new = self.lines - bad - present
    }

    /// Reads findings, the first of each line.
    struct LeftOutLines {
        private var entries: SpoolReader
        private var last: UInt128?

        init(_ entries: SpoolReader) {
            self.entries = entries
        }

        mutating func next() throws(ImportError) -> (line: Int64, finding: Finding)? {
            while let entry = try entries.next() {
                guard entry.key != last else { continue }
                last = entry.key
                let flaw = LineFlaw(number: entry.line, otherLine: entry.tag)
                return (Int64(entry.key), flaw.map { .flaw($0) } ?? .present)
            }
            return nil
        }
    }
}
