/// Reads server-sent events piece by piece, as they come (WHATWG HTML, section 9.2.6).
package struct EventStreamReader: Sendable {
    /// One event.
    package struct Event: Sendable, Equatable {
        /// Where to go on behind it; the last one that was sent.
        package let id: String
        /// `message` where the stream says nothing else.
        package let type: String
        package let data: String

        package init(id: String, type: String = "message", data: String) {
            self.id = id
            self.type = type
            self.data = data
        }
    }

    /// More than is read: a line, or what came together for one event.
    package struct TooLong: Error {}

    /// Where to go on, as far as the stream has said; it may move without an event.
    package private(set) var lastID: String
    /// How long the other side wants us to wait before coming again; nil until it says so.
    package private(set) var retry: Duration?

    private let bytesMax: Int
    private var line: [UInt8] = []
    private var isFirstLine = true
    /// Whether the line ended with a CR, so that an LF behind it ends no further one.
    private var isAfterReturn = false
    private var id: String
    private var type = ""
    private var data = ""
    private var hasData = false

    /// - Parameters:
    ///   - bytesMax: how long a line, and the data of an event, may be.
    ///   - lastID: where the stream before this one ended.
    package init(bytesMax: Int, lastID: String = "") {
        self.bytesMax = bytesMax
        self.lastID = lastID
        id = lastID
    }

    /// Another stream begins, where the last one went: half an event of that one is none.
    package mutating func begin() {
        line = []
        (isFirstLine, isAfterReturn, hasData) = (true, false, false)
        (id, type, data) = (lastID, "", "")
    }

    /// Reads what has come, and hands over the events that are whole by now.
    ///
    /// What stands behind an event after which no more is wanted is not read, so that `lastID` is that
    /// of what was taken.
    ///
    /// - Returns: whether more is wanted.
    /// - Throws: `TooLong`.
    package mutating func read(
        _ bytes: some Sequence<UInt8>,
        take: (Event) async -> Bool
    ) async throws(TooLong) -> Bool {
        for byte in bytes {
            if byte == UInt8(ascii: "\n"), isAfterReturn {
                isAfterReturn = false
                continue
            }
            isAfterReturn = byte == UInt8(ascii: "\r")
            guard isAfterReturn || byte == UInt8(ascii: "\n") else {
                guard line.count < bytesMax else { throw TooLong() }
                line.append(byte)
                continue
            }
            if let event = try endLine(), await !take(event) { return false }
        }
        return true
    }

    private mutating func endLine() throws(TooLong) -> Event? {
        defer {
            line.removeAll(keepingCapacity: true)
            isFirstLine = false
        }
        var bytes = line[...]
        if isFirstLine, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard !bytes.isEmpty else { return dispatch() }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        // A line that begins with a colon is a comment.
        guard colon > bytes.startIndex else { return nil }
        var value = bytes[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        try take(String(decoding: bytes[..<colon], as: UTF8.self), value)
        return nil
    }

    private mutating func take(_ field: String, _ value: ArraySlice<UInt8>) throws(TooLong) {
        switch field {
        case "data":
            guard data.utf8.count + value.count < bytesMax else { throw TooLong() }
            if hasData { data += "\n" }
            data += String(decoding: value, as: UTF8.self)
            hasData = true
        case "event": type = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): id = String(decoding: value, as: UTF8.self)
        case "retry":
            let text = String(decoding: value, as: UTF8.self)
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let time = Int64(text)
            else { return }
            retry = .milliseconds(time)
        default: break
        }
    }

    /// An empty line ends an event; one without data is none, but its id counts.
    private mutating func dispatch() -> Event? {
        lastID = id
        defer { (type, data, hasData) = ("", "", false) }
        guard hasData else { return nil }
        return Event(id: id, type: type.isEmpty ? "message" : type, data: data)
    }
}
