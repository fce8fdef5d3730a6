internal import Glibc

/// What is sorted: by key, then line, then tag.
struct SpoolEntry: Comparable {
    var key: UInt128
    var line: Int64
    var tag: Int64

    static func < (left: SpoolEntry, right: SpoolEntry) -> Bool {
        (left.key, left.line, left.tag) < (right.key, right.line, right.tag)
    }
}

/// Sorts more entries than fit into memory: runs are sorted in memory and kept in a file that
/// nobody else can open and that is gone with the process, however it ends.
final class SortedSpool {
    private let descriptor: CInt
    private let runEntries: Int
    private var pending: [SpoolEntry] = []
    /// How many entries each run has; they stand in the file one behind the other.
    private var runs: [Int] = []
    private(set) var count: Int64 = 0

    /// Makes the file in a folder, and takes its name away at once.
    init(
        folder: String,
        runEntries: Int = ImportLimits.runEntries
    ) throws(ImportError) {
        self.runEntries = runEntries
        let path = "\(folder)/token-ledger-import-\(UInt64.random(in: .min ... .max))"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .lastSystemError }
        guard unsafe unlink(path) == 0 else { throw .lastSystemError }
    }

    deinit { close(descriptor) }

    func append(_ entry: SpoolEntry) throws(ImportError) {
        pending.append(entry)
        count += 1
        if pending.count == runEntries { try flush() }
    }

    /// Writes what is in memory as one more run.
    private func flush() throws(ImportError) {
        guard !pending.isEmpty else { return }
        pending.sort()
        var isWhole = true
        unsafe pending.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let written = unsafe write(
                    descriptor,
                    bytes.baseAddress?.advanced(by: start),
                    bytes.count - start
                )
                if written < 0, errno == EINTR { continue }
                guard written > 0 else {
                    isWhole = false
                    return
                }
                start += written
            }
        }
        guard isWhole else { throw .lastSystemError }
        runs.append(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// All entries, in order; nothing may be appended while they are read.
    func sorted() throws(ImportError) -> SpoolReader {
        try flush()
        pending = []
        var start: Int64 = 0
        var cursors: [RunCursor] = []
        for run in runs {
            cursors.append(RunCursor(start: start, count: run))
            start += Int64(run)
        }
        return try SpoolReader(self, cursors)
    }

    /// Some entries from a place on.
    fileprivate func read(at index: Int64, _ count: Int) throws(ImportError) -> [SpoolEntry] {
        let size = MemoryLayout<SpoolEntry>.stride
        var result = 0
        let entries = unsafe [SpoolEntry](unsafeUninitializedCapacity: count) {
            buffer,
            initialized in
            repeat {
                result = unsafe pread(
                    descriptor,
                    buffer.baseAddress,
                    count * size,
                    Int(index) * size
                )
            } while result < 0 && errno == EINTR
            initialized = max(0, result) / size
        }
        guard result == count * size else { throw .lastSystemError }
        return entries
    }
}

/// A place in one run.
private struct RunCursor {
    /// Where the entries that are not in memory begin.
    var start: Int64
    /// How many they are.
    var count: Int
    var entries: ArraySlice<SpoolEntry> = []
}

/// Merges the runs of a spool.
struct SpoolReader {
    private let spool: SortedSpool
    private var cursors: [RunCursor]
    /// The first entry of each run that has one, the least at the end.
    private var heads: [(entry: SpoolEntry, run: Int)] = []

    fileprivate init(_ spool: SortedSpool, _ cursors: [RunCursor]) throws(ImportError) {
        self.spool = spool
        self.cursors = cursors
        for run in cursors.indices { try advance(run) }
    }

    /// The next entry; nil at the end.
    mutating func next() throws(ImportError) -> SpoolEntry? {
        guard let (entry, run) = heads.popLast() else { return nil }
        try advance(run)
        return entry
    }

    /// Puts the next entry of a run among the heads.
    private mutating func advance(_ run: Int) throws(ImportError) {
        if cursors[run].entries.isEmpty {
            let count = min(cursors[run].count, ImportLimits.mergedEntries)
            guard count > 0 else { return }
            cursors[run].entries = try spool.read(at: cursors[run].start, count)[...]
            cursors[run].start += Int64(count)
            cursors[run].count -= count
        }
        guard let entry = cursors[run].entries.popFirst() else { return }
        var (low, high) = (0, heads.count)
        while low < high {
            let middle = (low + high) / 2
            if heads[middle].entry > entry { low = middle + 1 } else { high = middle }
        }
        heads.insert((entry, run), at: low)
    }
}
