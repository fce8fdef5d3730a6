internal import Ledger
internal import Wire

/// How far an export is: a small file, replaced as a whole at every step.
struct ExportProgress: Equatable {
    /// The name under which a file is written before it takes its place.
    static func newName(_ name: String) -> String { name + ".new" }

    /// The name of the log that is being written; nil for a bundle, which is of one.
    private(set) var origin: String?
    /// The position to go on from in that log.
    var next: Int64
    var events: Int64 = 0
    /// From the first event's position to the last one's of the log so far.
    var span: ClosedRange<Int64>?
    /// What is durable of each file.
    var marks: [ResumableFile.Mark]

    static let format: StaticString = "token-ledger/progress/1"

    /// The progress file's bytes, with the plan in them.
    func encoded(plan: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("format", "\(Self.format)")
        writer.key("plan")
        plan(&writer)
        if let origin { writer.member("log", origin) }
        writer.member("next", next)
        writer.member("events", events)
        if let span {
            writer.member("first_position", span.lowerBound)
            writer.member("last_position", span.upperBound)
        }
        writer.key("files")
        writer.openArray()
        for mark in marks {
            writer.element()
            writer.open()
            writer.member("name", mark.name)
            writer.member("bytes", mark.bytes)
            writer.member("lines", mark.lines)
            writer.close()
        }
        writer.closeArray()
        writer.close()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads what `encoded` gives; the closure reads the plan.
    static func decode<Plan>(
        _ bytes: [UInt8],
        plan readPlan: (inout RecordReader) throws -> Plan
    ) throws(BundleError) -> (Plan, ExportProgress) {
        do {
            var reader = RecordReader(bytes)
            try reader.literal("{\"format\":\"")
            try reader.literal(format)
            try reader.literal("\",\"plan\":")
            let plan = try readPlan(&reader)
            let progress = try ExportProgress(from: &reader)
            try reader.literal("}\n")
            guard reader.isAtEnd else { throw BundleError.damagedProgress }
            return (plan, progress)
        } catch {
            throw .damagedProgress
        }
    }

    /// Notes that everything before a position is written and durable.
    mutating func advance(to next: Int64, in positions: Range<Int64>, marks: [ResumableFile.Mark]) {
        let last = span?.upperBound ?? -1
        precondition(next > last && next >= self.next, "an export does not go back")
        precondition(next <= positions.upperBound, "the range ends here")
        self.next = next
        self.marks = marks
    }

    /// Goes on with another log.
    mutating func begin(_ origin: String, at next: Int64) {
        (self.origin, self.next, span) = (origin, next, nil)
    }

    init(origin: String? = nil, next: Int64, marks: [ResumableFile.Mark]) {
        self.origin = origin
        self.next = next
        self.marks = marks
    }

    private init(from reader: inout RecordReader) throws {
        var isOfLog = false
        var origin: String?
        if reader.next("log", &isOfLog) { origin = try reader.string() }
        try reader.next("next")
        let next = try reader.count()
        try reader.next("events")
        let events = try reader.count()
        var span: ClosedRange<Int64>?
        var isFirst = false
        if reader.next("first_position", &isFirst) {
            let first = try reader.count()
            try reader.next("last_position")
            let last = try reader.count()
            guard first <= last, last < next else { throw BundleError.damagedProgress }
            span = first...last
        }
        try reader.next("files")
        try reader.literal("[")
        var marks: [ResumableFile.Mark] = []
        repeat {
            try reader.literal("{\"name\":")
            let name = try reader.string()
            try reader.next("bytes")
            let bytes = try reader.count()
            try reader.next("lines")
            let lines = try reader.count()
            try reader.literal("}")
            marks.append(ResumableFile.Mark(name: name, bytes: bytes, lines: lines))
        } while reader.skip(",")
        try reader.literal("]")
        self.init(origin: origin, next: next, marks: marks)
        self.events = events
        self.span = span
    }

    /// Notes events that are written: they come in order, behind those before, within the range.
    mutating func add(_ new: [Int64], in positions: Range<Int64>) {
        var last = max(span?.upperBound ?? -1, next - 1)
        for position in new {
            precondition(position > last, "events come in the order of their positions")
            last = position
        }
        precondition(last < positions.upperBound, "events lie within the range")
        guard let first = new.first else { return }
        events += Int64(new.count)
        span = (span?.lowerBound ?? first)...last
    }
}
