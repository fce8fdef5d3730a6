internal import Ledger
internal import Wire

/// Takes a stored record apart into its envelope's members, without making a value of any.
///
/// A record has one spelling, so its members stand in one order. What stands inside `data` is not
/// looked at.
struct RecordColumns {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    init(_ record: ArraySlice<UInt8>) throws(RecordError) {
        bytes = record
        index = record.startIndex
        guard skip("{\"specversion\":\"1.0\"") else { throw malformed }
    }

    private var malformed: RecordError { .malformed(offset: index - bytes.startIndex) }

    private mutating func skip(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard bytes.endIndex - index >= count else { return false }
        let isThere = expected.withUTF8Buffer { buffer in
            for offset in 0..<count where unsafe buffer[offset] != bytes[index + offset] {
                return false
            }
            return true
        }
        if isThere { index += count }
        return isThere
    }

    /// The next member's raw content, without its quotes; nil when another member comes next.
    ///
    /// The name comes with its comma and colon.
    mutating func optional(_ name: StaticString) throws(RecordError) -> ArraySlice<UInt8>? {
        guard skip(name) else { return nil }
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "\"") else {
            return try number()
        }
        let start = index + 1
        var end = start
        while end < bytes.endIndex, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < bytes.endIndex else { throw malformed }
        index = end + 1
        return bytes[start..<end]
    }

    private mutating func number() throws(RecordError) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: ",") { index += 1 }
        guard index > start, index < bytes.endIndex else { throw malformed }
        return bytes[start..<index]
    }

    /// The next member's raw content.
    mutating func required(_ name: StaticString) throws(RecordError) -> ArraySlice<UInt8> {
        guard let content = try optional(name) else { throw malformed }
        return content
    }

    /// The exact text of the `data` object, which ends the record.
    mutating func data() throws(RecordError) -> ArraySlice<UInt8> {
        guard skip(",\"data\":"), bytes.endIndex - index >= 3,
            bytes[index] == UInt8(ascii: "{"),
            bytes[bytes.endIndex - 1] == UInt8(ascii: "}"),
            bytes[bytes.endIndex - 2] == UInt8(ascii: "}")
        else { throw malformed }
        return bytes[index..<bytes.endIndex - 1]
    }

    /// A string's content without the three kinds of escapes that records have.
    static func unescaped(_ raw: ArraySlice<UInt8>) throws(RecordError) -> ArraySlice<UInt8> {
        guard raw.contains(UInt8(ascii: "\\")) else { return raw }
        var content: [UInt8] = []
        content.reserveCapacity(raw.count)
        var index = raw.startIndex
        while index < raw.endIndex {
            guard raw[index] == UInt8(ascii: "\\") else {
                content.append(raw[index])
                index += 1
                continue
            }
            let rest = raw[(index + 1)...]
            if rest.first == UInt8(ascii: "\"") || rest.first == UInt8(ascii: "\\") {
                content.append(rest[index + 1])
                index += 2
            } else {
                guard rest.starts(with: "u00".utf8), rest.count >= 5,
                    let byte = Hexadecimal.decode(
                        String(decoding: rest[(index + 4)..<(index + 6)], as: UTF8.self)
                    )?.first
                else { throw .malformed(offset: index - raw.startIndex) }
                content.append(byte)
                index += 6
            }
        }
        return content[...]
    }

    /// The subject of a record, nil where it has none.
    static func subject(of record: ArraySlice<UInt8>) throws(RecordError) -> Identifier? {
        var columns = try RecordColumns(record)
        _ = try columns.required(",\"id\":")
        _ = try columns.required(",\"source\":")
        _ = try columns.required(",\"type\":")
        guard let text = try columns.optional(",\"subject\":") else { return nil }
        guard let subject = Identifier(String(decoding: text, as: UTF8.self)) else {
            throw columns.malformed
        }
        return subject
    }
}
