/// Writes the one-line JSON of records and states: fixed key order, no spaces, UTF-8.
///
/// Only what the ledger needs: objects are opened and closed by the caller, a comma is put
/// before every member but the first.
package struct RecordWriter {
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
        bytes.append(contentsOf: "\(name)".utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a string member.
    package mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes an identifier member.
    package mutating func member(_ name: StaticString, _ value: Identifier) {
        key(name)
        quoted { $0.identifier(value) }
    }

    /// Writes a fingerprint member.
    package mutating func member(_ name: StaticString, _ value: Fingerprint) {
        key(name)
        quoted { $0.fingerprint(value) }
    }

    /// Writes a time member.
    package mutating func member(_ name: StaticString, _ value: Timestamp) {
        key(name)
        quoted { $0.timestamp(value) }
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
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                appendHexadecimal(byte)
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func identifier(_ value: Identifier) {
        for (index, byte) in value.bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                bytes.append(UInt8(ascii: "-"))
            }
            appendHexadecimal(byte)
        }
    }

    mutating func fingerprint(_ value: Fingerprint) {
        for byte in value.bytes { appendHexadecimal(byte) }
    }

    mutating func timestamp(_ value: Timestamp) {
        let day: Int64 = 86_400_000_000
        let microsecondsOfDay = ((value.microseconds % day) + day) % day
        let date = CivilDate(daysSince1970: (value.microseconds - microsecondsOfDay) / day)
        let seconds = microsecondsOfDay / 1_000_000
        decimal(date.year, width: 4)
        bytes.append(UInt8(ascii: "-"))
        decimal(date.month, width: 2)
        bytes.append(UInt8(ascii: "-"))
        decimal(date.day, width: 2)
        bytes.append(UInt8(ascii: "T"))
        decimal(seconds / 3600, width: 2)
        bytes.append(UInt8(ascii: ":"))
        decimal(seconds / 60 % 60, width: 2)
        bytes.append(UInt8(ascii: ":"))
        decimal(seconds % 60, width: 2)
        bytes.append(UInt8(ascii: "."))
        decimal(microsecondsOfDay % 1_000_000, width: 6)
        bytes.append(UInt8(ascii: "Z"))
    }

    private mutating func quoted(_ body: (inout RecordWriter) -> Void) {
        bytes.append(UInt8(ascii: "\""))
        body(&self)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendHexadecimal(_ byte: UInt8) {
        bytes.append(hexadecimalCharacter(byte >> 4))
        bytes.append(hexadecimalCharacter(byte & 0x0F))
    }

    private mutating func decimal(_ value: Int64, width: Int) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

private func hexadecimalCharacter(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
}
