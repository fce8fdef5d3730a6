internal import HTTPTypes

/// The first line and the header fields of a request.
struct RequestHead {
    /// How the end of the body is found.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    let request: HTTPRequest
    let framing: Framing
    /// Whether the connection ends with the answer.
    ///
    /// That is so when the caller says so, and with HTTP/1.0, where it is the usual way.
    let isLast: Bool
    /// Whether HTTP/1.0 asks, which knows no chunks.
    let isOld: Bool
    /// Whether the caller waits for a word before it sends the body.
    let awaitsContinue: Bool

    /// Reads lines that end with CR and LF, without the empty one at the end.
    ///
    /// - Parameters:
    ///   - lines: free of control characters but for the ends of lines.
    ///   - fieldsMax: how many header fields there may be.
    /// - Throws: what is wrong.
    init(_ lines: [UInt8], fieldsMax: Int) throws(RequestFlaw) {
        var lines = lines[...]
        let line = try RequestLine(lines.nextLine())
        var fields = HTTPFields()
        var framing = FramingFields()
        var host: String?
        var count = 0
        var isLast = line.isOld
        var awaitsContinue = false
        while !lines.isEmpty {
            count += 1
            guard count <= fieldsMax else { throw .tooLarge }
            let field = try Self.field(lines.nextLine())
            switch field.name.canonicalName {
            case "host":
                guard host == nil, HostName.isValid(Array(field.value.utf8)[...]) else {
                    throw .host
                }
                host = field.value
                continue
            case "content-length": try framing.take(length: field.value)
            case "transfer-encoding": try framing.take(coding: field.value, isOld: line.isOld)
            case "connection": isLast = isLast || Self.names("close", field.value)
            case "expect":
                awaitsContinue = !line.isOld && Self.names("100-continue", field.value)
            default: break
            }
            fields.append(field)
        }
        guard host != nil || line.isOld else { throw .host }
        // What serves the connection asks for exactly this spelling.
        if isLast { fields[.connection] = "close" }
        self.isLast = isLast
        self.isOld = line.isOld
        self.framing = framing.framing
        self.awaitsContinue = awaitsContinue && self.framing != .none
        request = HTTPRequest(
            method: line.method,
            scheme: "http",
            authority: host,
            path: line.path,
            headerFields: fields
        )
    }

    /// Reads the lines after the last chunk, whose fields nobody here has a use for.
    static func checkTrailers(_ lines: [UInt8], fieldsMax: Int) throws(RequestFlaw) {
        var lines = lines[...]
        var count = 0
        while !lines.isEmpty {
            count += 1
            guard count <= fieldsMax else { throw .tooLarge }
            _ = try field(lines.nextLine())
        }
    }

    /// A line that begins with a space would go on with the line before; its name is no token.
    private static func field(_ line: ArraySlice<UInt8>) throws(RequestFlaw) -> HTTPField {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
            let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
        else { throw .field }
        return HTTPField(name: name, value: line[(colon + 1)...].trimmed)
    }

    /// Whether a list names a word, in any case.
    private static func names(_ word: String, _ list: String) -> Bool {
        list.utf8.split(separator: UInt8(ascii: ",")).contains { element in
            String(decoding: Array(element)[...].trimmed, as: UTF8.self).isWord(word)
        }
    }
}

/// The fields that say how a body ends, and that must not contradict each other.
private struct FramingFields {
    private(set) var framing = RequestHead.Framing.none

    /// Eighteen digits are less than 2^63.
    private static let digitsMax = 18

    mutating func take(length: String) throws(RequestFlaw) {
        guard framing == .none, (1...Self.digitsMax).contains(length.utf8.count),
            length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(length)
        else { throw .length }
        framing = .length(number)
    }

    mutating func take(coding: String, isOld: Bool) throws(RequestFlaw) {
        guard framing == .none, !isOld, coding.isWord("chunked") else { throw .coding }
        framing = .chunked
    }
}

extension String {
    /// Whether this is a word of ASCII in any case.
    ///
    /// The Kelvin sign is a small k to Unicode, but to no other reader of HTTP.
    fileprivate func isWord(_ word: String) -> Bool {
        utf8.elementsEqual(word.utf8) { byte, expected in
            byte == expected || ((0x41...0x5A).contains(byte) && byte + 0x20 == expected)
        }
    }
}

extension ArraySlice<UInt8> {
    /// Takes the next line away; it must have its end.
    fileprivate mutating func nextLine() -> ArraySlice<UInt8> {
        let end = firstIndex(of: UInt8(ascii: "\r")) ?? endIndex
        defer { self = dropFirst(end - startIndex + 2) }
        return self[..<end]
    }

    /// Without the optional whitespace around a value.
    fileprivate var trimmed: ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var rest = drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }
}
