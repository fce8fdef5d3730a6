/// Writes JSON on one line: keys in the order of the calls, no spaces, UTF-8.
///
/// Objects are opened and closed by the caller, a comma is put
/// before every member but the first.
package struct JSONWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {
        bytes.reserveCapacity(512)
    }

    /// Opens an object, after a key or at the start.
    package mutating func open() {
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Closes the object.
    package mutating func close() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Opens an array, after a key.
    package mutating func openArray() {
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Closes the array.
    package mutating func closeArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Puts the comma between the elements of an array.
    package mutating func element() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    /// Writes a member's key.
    package mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a string member.
    package mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes a string member that is a literal, which needs no escapes.
    package mutating func member(_ name: StaticString, _ value: StaticString) {
        key(name)
        quoted { bytes in value.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) } }
    }

    /// Writes a whole-number member.
    package mutating func member(_ name: StaticString, _ value: Int64) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Writes a truth-value member.
    package mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Writes a member that is null.
    package mutating func null(_ name: StaticString) {
        key(name)
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes a member that lists strings.
    package mutating func member(_ name: StaticString, _ values: [String]) {
        key(name)
        openArray()
        for value in values {
            element()
            string(value)
        }
        closeArray()
    }

    /// Writes a JSON string with the escapes that RFC 8259 demands and no others.
    package mutating func string(_ value: String) {
        needsComma = true
        Self.append(value, to: &bytes)
    }

    /// Writes what is a JSON string without escapes: `body` appends what stands in the quotes.
    package mutating func quoted(_ body: (inout [UInt8]) -> Void) {
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a value that is JSON on one line already, byte for byte.
    package mutating func json(_ value: [UInt8]) {
        needsComma = true
        bytes += value
    }

    /// Appends a JSON string with the escapes that RFC 8259 demands and no others.
    package static func append(_ value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        guard value.utf8.contains(where: isEscaped) else {
            bytes.append(contentsOf: value.utf8)
            return
        }
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                Hexadecimal.append(byte, to: &bytes)
            default:
                bytes.append(byte)
            }
        }
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}
