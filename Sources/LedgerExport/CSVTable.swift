package import Ledger

/// Events as a table with fixed columns (RFC 4180), which no spreadsheet takes for formulas.
///
/// A field stands in quotes only where it has a comma, a quote or a line break in it. A field that
/// begins like a formula gets an apostrophe in front (OWASP, "CSV Injection").
package enum CSVTable {
    /// The header row, with its line end.
    package static let header = Array(
        ("position,id,source,type,subject,subjectversion,time,actor,causedby,requestid,"
            + "traceparent,data\r\n").utf8
    )

    /// Writes one event's row, with its line end, behind others.
    ///
    /// The record is taken as it is stored, without a line end. When the bytes are not a record,
    /// nothing is written.
    package static func append(
        _ record: ArraySlice<UInt8>,
        position: Int64,
        to bytes: inout [UInt8]
    ) throws(RecordError) {
        let start = bytes.count
        do {
            try appendRow(record, position: position, to: &bytes)
        } catch {
            bytes.removeSubrange(start...)
            throw error
        }
    }

    /// Writes the rows of neighbouring events behind others.
    ///
    /// `lines` has the records, each with a newline behind it; `ends` says where each line ends
    /// (behind the newline). Throws `BundleError.malformedRecord` at the first bytes that are not a
    /// record.
    package static func append(
        lines: [UInt8],
        ends: [Int],
        positions: [Int64],
        to bytes: inout [UInt8]
    ) throws(BundleError) {
        var start = 0
        for (end, position) in zip(ends, positions) {
            do {
                try append(lines[start..<end - 1], position: position, to: &bytes)
            } catch {
                throw .malformedRecord(position: position)
            }
            start = end
        }
    }

    private static func appendRow(
        _ record: ArraySlice<UInt8>,
        position: Int64,
        to bytes: inout [UInt8]
    ) throws(RecordError) {
        var columns = try RecordColumns(record)
        bytes.append(contentsOf: String(position).utf8)
        try append(columns.required(",\"id\":"), to: &bytes)
        try append(columns.required(",\"source\":"), to: &bytes)
        try append(columns.required(",\"type\":"), to: &bytes)
        try append(columns.optional(",\"subject\":"), to: &bytes)
        let time = try columns.required(",\"time\":")
        try append(columns.optional(",\"subjectversion\":"), to: &bytes)
        try append(time, to: &bytes)
        try append(columns.required(",\"actor\":"), to: &bytes)
        try append(columns.optional(",\"causedby\":"), to: &bytes)
        try append(columns.optional(",\"requestid\":"), to: &bytes)
        try append(columns.optional(",\"traceparent\":"), to: &bytes)
        bytes.append(comma)
        appendField(try columns.data(), to: &bytes)
        bytes.append(carriageReturn)
        bytes.append(lineFeed)
    }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Writes a comma and a field; an absent one is empty.
    private static func append(
        _ raw: ArraySlice<UInt8>?,
        to bytes: inout [UInt8]
    ) throws(RecordError) {
        bytes.append(comma)
        guard let raw else { return }
        appendField(try RecordColumns.unescaped(raw), to: &bytes)
    }

    private static func appendField(_ field: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let isFormula =
            switch field.first {
            case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
                UInt8(ascii: "\t"), carriageReturn:
                true
            default: false
            }
        var needsQuotes = false
        for byte in field
        where byte == comma || byte == quote || byte == carriageReturn || byte == lineFeed {
            needsQuotes = true
            break
        }
        if needsQuotes { bytes.append(quote) }
        if isFormula { bytes.append(UInt8(ascii: "'")) }
        if needsQuotes {
            for byte in field {
                if byte == quote { bytes.append(quote) }
                bytes.append(byte)
            }
            bytes.append(quote)
        } else {
            bytes.append(contentsOf: field)
        }
    }
}
