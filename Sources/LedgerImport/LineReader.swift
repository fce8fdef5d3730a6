/// Reads a file line by line, in bounded memory however long its lines are.
struct LineReader {
    struct Line {
        /// Counts from 1.
        let number: Int64
        /// Without its end, `LF` or `CRLF`; nil of a line that is too long.
        let bytes: ArraySlice<UInt8>?
    }

    private let file: ImportFile
    private let lineBytesMax: Int
    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// How many bytes of the file were read.
    private(set) var offset: Int64 = 0
    private var number: Int64 = 0

    init(_ file: ImportFile, lineBytesMax: Int = ImportLimits.lineBytesMax) {
        self.file = file
        self.lineBytesMax = lineBytesMax
    }

    /// The next line; nil at the end.
    mutating func next() throws(ImportError) -> Line? {
        var seen = start
        var isTooLong = false
        while true {
            if let end = buffer[seen...].firstIndex(of: 0x0A) {
                return line(end, isTooLong)
            }
            if buffer.count - start > lineBytesMax {
                isTooLong = true
                start = buffer.count
            }
            buffer.removeFirst(start)
            start = 0
            seen = buffer.count
            let chunk = try file.read(at: offset)
            guard !chunk.isEmpty else {
                return buffer.isEmpty && !isTooLong ? nil : line(buffer.count, isTooLong)
            }
            offset += Int64(chunk.count)
            buffer += chunk
        }
    }

    private mutating func line(_ end: Int, _ isTooLong: Bool) -> Line {
        let begin = start
        start = min(end + 1, buffer.count)
        number += 1
        guard !isTooLong, end - begin <= lineBytesMax else {
            return Line(number: number, bytes: nil)
        }
        let bytes = buffer[begin..<end]
        return Line(number: number, bytes: bytes.last == 0x0D ? bytes.dropLast() : bytes)
    }
}
