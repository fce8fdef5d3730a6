internal import Wire

/// Reads what `JSONWriter` writes, and nothing else.
///
/// A record has one spelling. A reader that accepted others would let two different byte
/// strings mean the same event, which is what a ledger must not do.
package struct RecordReader {
    private let bytes: [UInt8]
    private var index = 0

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether everything was read.
    package var isAtEnd: Bool { index == bytes.count }

    /// Reads exactly these characters.
    package mutating func literal(_ expected: StaticString) throws(RecordError) {
        guard skip(expected) else { throw .malformed(offset: index) }
    }

    /// Reads these characters if they come next.
    package mutating func skip(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        let start = index
        let matches = expected.withUTF8Buffer { expected in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                // The bounds were compared once, above: this is the inner loop of every reader.
                for offset in 0..<count where unsafe expected[offset] != bytes[start + offset] {
                    return false
                }
                return true
            }
        }
        if matches { index += count }
        return matches
    }

    /// Reads the name of a member that is always there and never the first.
    package mutating func next(_ name: StaticString) throws(RecordError) {
        try literal(",\"")
        try literal(name)
        try literal("\":")
    }

    /// Reads a JSON string.
    package mutating func string() throws(RecordError) -> String {
        try literal("\"")
        return try restOfString()
    }

    /// Reads a JSON string whose beginning was read already, up to the quotation mark at its end.
    package mutating func restOfString() throws(RecordError) -> String {
        let start = index
        var bits: UInt8 = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            let byte = bytes[index]
            guard byte >= 0x20 else { throw .malformed(offset: index) }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            bits |= byte
            index += 1
        }
        let content = bytes[start..<index]
        // ASCII needs no validation, which is generic and costs as much as all the rest.
        let isASCII = bits < 0x80
        guard
            let text = isASCII
                ? String(decoding: content, as: UTF8.self)
                : String(validating: content, as: UTF8.self)
        else { throw .malformed(offset: start) }
        try literal("\"")
        return text
    }

    /// The slower path for a string that holds an escape.
    private mutating func escapedString(from start: Int) throws(RecordError) -> String {
        var content = Array(bytes[start..<index])
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if skip("\\\"") {
                content.append(UInt8(ascii: "\""))
            } else if skip("\\\\") {
                content.append(UInt8(ascii: "\\"))
            } else if skip("\\u00") {
                let byte = try hexadecimal(2)
                guard byte < 0x20 else { throw .malformed(offset: index) }
                content.append(UInt8(byte))
            } else {
                guard bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 else {
                    throw .malformed(offset: index)
                }
                content.append(bytes[index])
                index += 1
            }
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw .malformed(offset: start)
        }
        try literal("\"")
        return text
    }

    /// Reads an array of strings that is left away where it would be empty.
    package mutating func strings() throws(RecordError) -> [String] {
        try literal("[")
        var strings = [try string()]
        while skip(",") { strings.append(try string()) }
        try literal("]")
        return strings
    }

    /// Reads an array of strings that is always there.
    mutating func list() throws(RecordError) -> [String] {
        skip("[]") ? [] : try strings()
    }

    /// Reads positions, as the members `from` and `until` without a comma before them.
    package mutating func positions() throws(RecordError) -> Range<Int64> {
        let start = index
        try literal("\"from\":")
        let from = try integer()
        try next("until")
        let until = try integer()
        guard from >= 0, from <= until else { throw .malformed(offset: start) }
        return from..<until
    }

    /// Reads a whole number, without leading zeros or a plus sign.
    package mutating func integer() throws(RecordError) -> Int64 {
        let start = index
        let isNegative = skip("-")
        let digitsStart = index
        var value: Int64 = 0
        while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowAgain) =
                product.addingReportingOverflow(Int64(bytes[index] - 0x30))
            guard !overflow, !overflowAgain else { throw .malformed(offset: start) }
            value = sum
            index += 1
        }
        let digits = index - digitsStart
        let hasLeadingZero = digits > 1 && bytes[digitsStart] == 0x30
        guard digits > 0, !hasLeadingZero, !(isNegative && value == 0) else {
            throw .malformed(offset: start)
        }
        return isNegative ? -value : value
    }

    /// Reads a whole number of something that is left away where there is none.
    mutating func count() throws(RecordError) -> Int64 {
        let start = index
        let count = try integer()
        guard count > 0 else { throw .malformed(offset: start) }
        return count
    }

    /// Reads `true` or `false`.
    package mutating func boolean() throws(RecordError) -> Bool {
        if skip("true") { return true }
        try literal("false")
        return false
    }

    /// Reads a quoted identifier.
    package mutating func identifier() throws(RecordError) -> Identifier {
        try literal("\"")
        let first = try hexadecimal(8)
        try dash()
        let second = try hexadecimal(4)
        try dash()
        let third = try hexadecimal(4)
        try dash()
        let fourth = try hexadecimal(4)
        try dash()
        let fifth = try hexadecimal(12)
        try literal("\"")
        let high = first << 32 | second << 16 | third
        return Identifier(value: UInt128(high) << 64 | UInt128(fourth << 48 | fifth))
    }

    /// Reads a quoted fingerprint.
    package mutating func fingerprint() throws(RecordError) -> Fingerprint {
        try literal("\"")
        let high = try hexadecimal(16)
        let low = try hexadecimal(16)
        try literal("\"")
        return Fingerprint(value: UInt128(high) << 64 | UInt128(low))
    }

    /// Reads a quoted time in the one form that records use: six digits, `Z`.
    package mutating func recordTime() throws(RecordError) -> Timestamp {
        try literal("\"")
        let start = index
        let time = try timestamp()
        // A second that is 60 has another spelling.
        guard index - start == 27, bytes[start + 10] == UInt8(ascii: "T"),
            bytes[start + 17] != UInt8(ascii: "6"), bytes[index - 1] == UInt8(ascii: "Z")
        else {
            throw .malformed(offset: start)
        }
        try literal("\"")
        return time
    }

    /// Reads any RFC 3339 time, without quotes.
    mutating func timestamp() throws(RecordError) -> Timestamp {
        let start = index
        let year = try digits(4)
        try literal("-")
        let month = try digits(2)
        try literal("-")
        let date = CivilDate(year: year, month: month, day: try digits(2))
        guard skip("T") || skip("t") else { throw .malformed(offset: index) }
        let hour = try digits(2)
        try literal(":")
        let minute = try digits(2)
        try literal(":")
        let second = try digits(2)
        guard date.exists, hour < 24, minute < 60, second <= 60 else {
            throw .malformed(offset: start)
        }
        let fraction = try fractionMicroseconds()
        let offset = try offsetSeconds()
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
        // A leap second ends a day in UTC, and is the next day's first to a clock without them.
        guard second < 60 || seconds.isMultiple(of: 86_400) else {
            throw .malformed(offset: start)
        }
        // An offset may move the year out of the four digits that we write.
        guard (CivilDate.secondsMin...CivilDate.secondsMax).contains(seconds) else {
            throw .malformed(offset: start)
        }
        return Timestamp(microseconds: seconds * 1_000_000 + fraction)
    }

    private mutating func fractionMicroseconds() throws(RecordError) -> Int64 {
        guard skip(".") else { return 0 }
        var value: Int64 = 0
        var count = 0
        while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
            if count < 6 { value = value * 10 + Int64(bytes[index] - 0x30) }
            count += 1
            index += 1
        }
        guard count > 0 else { throw .malformed(offset: index) }
        for _ in min(count, 6)..<6 { value *= 10 }
        return value
    }

    private mutating func offsetSeconds() throws(RecordError) -> Int64 {
        if skip("Z") || skip("z") { return 0 }
        let isNegative = skip("-")
        if !isNegative { try literal("+") }
        let hour = try digits(2)
        try literal(":")
        let minute = try digits(2)
        guard hour < 24, minute < 60 else { throw .malformed(offset: index) }
        let seconds = hour * 3600 + minute * 60
        return isNegative ? -seconds : seconds
    }

    private mutating func digits(_ count: Int) throws(RecordError) -> Int64 {
        var value: Int64 = 0
        for _ in 0..<count {
            guard index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 else {
                throw .malformed(offset: index)
            }
            value = value * 10 + Int64(bytes[index] - 0x30)
            index += 1
        }
        return value
    }

    private mutating func dash() throws(RecordError) {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "-") else {
            throw .malformed(offset: index)
        }
        index += 1
    }

    /// Reads so many lowercase hexadecimal digits, 16 at most.
    private mutating func hexadecimal(_ count: Int) throws(RecordError) -> UInt64 {
        let end = index + count
        if end <= bytes.count {
            var value: UInt64 = 0
            var isRight = true
            var place = index
            while place < end {
                let width = (end - place) % 8 == 0 ? 8 : (end - place) % 8
                let digits = HexadecimalWord(bytes, place, width)
                value = value << 32 | digits.value
                isRight = isRight && digits.isValid
                place += width
            }
            if isRight {
                index = end
                return value
            }
        }
        let rest = bytes[index..<min(end, bytes.count)]
        throw .malformed(offset: rest.firstIndex { !isLowercaseHexadecimal($0) } ?? rest.endIndex)
    }

    private func isLowercaseHexadecimal(_ character: UInt8) -> Bool {
        (character &- UInt8(ascii: "0") < 10) != (character &- UInt8(ascii: "a") < 6)
    }
}

/// Up to eight lowercase hexadecimal digits, all at once: half of a record are such digits.
private struct HexadecimalWord {
    /// Four bits a digit, the last digit lowest.
    let value: UInt64
    /// Whether all of them are such digits.
    let isValid: Bool

    /// A one in each byte.
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let lowHalves: UInt64 = 0x0F0F_0F0F_0F0F_0F0F

    /// `width` digits from a place on, which must be there.
    init(_ bytes: [UInt8], _ start: Int, _ width: Int) {
        // One digit a byte; zeros stand before fewer than eight.
        var text: UInt64 = 0x3030_3030_3030_3030
        for place in start..<start + width { text = text << 8 | UInt64(bytes[place]) }
        let letters = (text >> 6) & Self.ones
        let digits = (text & Self.lowHalves) &+ letters &* 9
        // From ten on it must have been a letter, and below ten none.
        let areTen = ((digits &+ Self.ones &* 6) >> 4) & Self.ones
        isValid =
            digits & ~Self.lowHalves == 0 && areTen == letters
            && digits &+ Self.ones &* 0x30 &+ letters &* 0x27 == text
        var packed = digits
        packed = (packed | packed >> 4) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        value = (packed | packed >> 16) & 0xFFFF_FFFF
    }
}

/// Why bytes are not a record.
package enum RecordError: Error, Equatable {
    /// The bytes differ from every record we would write, first at this offset.
    case malformed(offset: Int)
    /// This version does not know the event type.
    case unknownType(String)
}
