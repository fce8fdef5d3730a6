/// One line of a CSV file (RFC 4180).
///
/// RFC 4180 lets a quoted field go over several lines. No value that is imported may, so a line is a
/// user here: a quote that does not end spoils its own line and not all that follow.
enum CSVLine {
    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")

    /// The fields, without their quotes.
    static func fields(_ line: ArraySlice<UInt8>) throws(LineFlaw) -> [[UInt8]] {
        var fields: [[UInt8]] = []
        var index = line.startIndex
        while true {
            if index < line.endIndex, line[index] == quote {
                fields.append(try quoted(line, &index))
            } else {
                let end = line[index...].firstIndex(of: comma) ?? line.endIndex
                let field = line[index..<end]
                guard !field.contains(quote) else { throw .strayQuote }
                fields.append(Array(field))
                index = end
            }
            guard index < line.endIndex else { return fields }
            guard line[index] == comma else { throw .strayQuote }
            index += 1
        }
    }

    /// A quoted field; afterwards `index` stands behind its closing quote.
    private static func quoted(
        _ line: ArraySlice<UInt8>,
        _ index: inout Int
    ) throws(LineFlaw) -> [UInt8] {
        var field: [UInt8] = []
        var begin = index + 1
        while let end = line[begin...].firstIndex(of: quote) {
            field += line[begin..<end]
            index = end + 1
            guard index < line.endIndex, line[index] == quote else { return field }
            // A quote within is written twice.
            field.append(quote)
            begin = index + 1
        }
        throw .openQuote
    }
}

extension LineFlaw: Error {}
