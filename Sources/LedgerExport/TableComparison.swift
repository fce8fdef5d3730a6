/// Compares a table's bytes with the rows that the events give.
final class TableComparison {
    private let content: ContentFile
    private var rest: ArraySlice<UInt8> = []
    private var error: BundleError?
    /// Whether everything was the same so far.
    private var isSame = true

    init(_ path: String, isGzipped: Bool) throws(BundleError) {
        content = try ContentFile(path, isGzipped: isGzipped)
        if compare(CSVTable.header, ends: [CSVTable.header.count]) != nil { isSame = false }
    }

    /// What the file was on the disk; known once everything was read.
    var sum: ContentFile.Sum { content.sum }

    /// The first row that differs, by its place among these; nil when none does, and after one did.
    func compare(_ rows: [UInt8], ends: [Int]) -> Int? {
        guard isSame else { return nil }
        var index = 0
        while index < rows.count {
            if rest.isEmpty {
                do {
                    rest = try content.next()[...]
                } catch {
                    self.error = error
                }
                guard !rest.isEmpty else { break }
            }
            let count = min(rest.count, rows.count - index)
            guard rest.prefix(count).elementsEqual(rows[index..<index + count]) else {
                index += zip(rest, rows[index...]).prefix { $0 == $1 }.count
                break
            }
            rest = rest.dropFirst(count)
            index += count
        }
        guard index < rows.count else { return nil }
        isSame = false
        return ends.firstIndex { $0 > index }
    }

    /// Reads to the end; whether there was anything else than what was compared.
    func hasMore() throws(BundleError) -> Bool {
        if let error { throw error }
        var isMore = !rest.isEmpty || !isSame
        while !(try content.next()).isEmpty { isMore = true }
        return isMore
    }
}
