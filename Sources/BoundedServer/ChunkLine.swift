/// The line before a chunk: its size in hexadecimal digits, and extensions, which are read and
/// not used (RFC 9112, section 7.1).
struct ChunkLine {
    /// Fifteen digits are less than 2^63.
    private static let digitsMax = 15

    let size: Int
    let extensionBytes: Int

    init(_ line: [UInt8]) throws(RequestFlaw) {
        let rest = line.drop(while: Self.isDigit)
        let digits = line.count - rest.count
        guard (1...Self.digitsMax).contains(digits),
            let size = Int(String(decoding: line.prefix(digits), as: UTF8.self), radix: 16),
            Self.areExtensions(rest)
        else { throw .chunk }
        self.size = size
        extensionBytes = rest.count
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    /// Whether this is a row of `;name`, `;name=token` and `;name="text"`.
    ///
    /// Whitespace, which old grammars allowed between them, is not.
    private static func areExtensions(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: ";"), takeToken(&rest) else { return false }
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest.removeFirst()
            let isQuoted = rest.first == UInt8(ascii: "\"")
            guard isQuoted ? takeQuoted(&rest) : takeToken(&rest) else { return false }
        }
        return true
    }

    private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let end = rest.firstIndex { !CharacterSet.token.has($0) } ?? rest.endIndex
        defer { rest = rest[end...] }
        return end > rest.startIndex
    }

    /// Takes a text in quotation marks; control characters were refused before.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard rest.popFirst() != nil else { return false }
            default: break
            }
        }
        return false
    }
}
