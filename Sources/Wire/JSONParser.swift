/// Reads JSON exactly as RFC 8259 has it: no comments, no trailing commas, no lone surrogates.
///
/// Small on purpose. Foundation's parser silently takes one of several equal names.
package struct JSONParser {
    /// Why a text is not accepted.
    package enum Failure: Error, Equatable {
        case malformed
        /// More arrays and objects inside each other than allowed.
        case tooDeep
    }

    private let bytes: [UInt8]
    private let depthMax: Int
    private var index = 0

    /// Parses one whole document.
    ///
    /// - Parameters:
    ///   - bytes: the document in UTF-8.
    ///   - depthMax: how many arrays and objects may stand inside each other.
    /// - Returns: the value.
    /// - Throws: `Failure`
    package static func parse(_ bytes: [UInt8], depthMax: Int) throws(Failure) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed }
        var parser = JSONParser(bytes: bytes, depthMax: depthMax)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.index == bytes.count else { throw .malformed }
        return value
    }

    private init(bytes: [UInt8], depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            index += 1
        }
    }

    /// Steps over one expected byte.
    private mutating func accept(_ expected: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: expected) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw .malformed }
        index += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        guard depth <= depthMax else { throw .tooDeep }
        index += 1
        skipSpace()
        if accept("}") { return .object([]) }
        var members: [JSONValue.Member] = []
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw .malformed }
            let name = try string()
            skipSpace()
            guard accept(":") else { throw .malformed }
            members.append(JSONValue.Member(name, try value(depth: depth)))
            skipSpace()
            if accept("}") { return .object(members) }
            guard accept(",") else { throw .malformed }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        guard depth <= depthMax else { throw .tooDeep }
        index += 1
        skipSpace()
        if accept("]") { return .array([]) }
        var elements: [JSONValue] = []
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if accept("]") { return .array(elements) }
            guard accept(",") else { throw .malformed }
        }
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        var content: [UInt8] = []
        // Most strings have no escapes, and are taken in one piece.
        var start = index
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                let rest = bytes[start..<index - 1]
                guard !content.isEmpty else { return String(decoding: rest, as: UTF8.self) }
                return String(decoding: content + rest, as: UTF8.self)
            case UInt8(ascii: "\\"):
                content += bytes[start..<index - 1]
                content += String(try escape()).utf8
                start = index
            case 0..<0x20: throw .malformed
            default: break
            }
        }
        throw .malformed
    }

    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        guard let byte = next else { throw .malformed }
        index += 1
        switch Unicode.Scalar(byte) {
        case "\"", "\\", "/": return Unicode.Scalar(byte)
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": break
        default: throw .malformed
        }
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard (0xD800..<0xDC00).contains(unit), accept("\\"), accept("u") else { throw .malformed }
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw .malformed }
        return scalar
    }

    private mutating func codeUnit() throws(Failure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Hexadecimal.value(of: byte) else { throw .malformed }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    private mutating func number() throws(Failure) -> String {
        let start = index
        _ = accept("-")
        if !accept("0") { try digits() }
        if accept(".") { try digits() }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try digits()
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() throws(Failure) {
        let start = index
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw .malformed }
    }
}
