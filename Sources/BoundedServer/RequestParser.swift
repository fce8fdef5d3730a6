internal import NIOCore

/// Takes bytes, gives the parts of requests.
///
/// Strict, and the only reader of what a caller sends: a check before another reader would leave
/// two that might disagree.
struct RequestParser {
    /// A piece of a request.
    enum Part {
        case head(RequestHead)
        case body(ByteBuffer)
        case end
    }

    private enum State {
        /// Between requests, where one empty line may stand (RFC 9112, section 2.2).
        case start
        case head
        /// So many bytes of a body, or of a chunk, are still to come.
        case body(Int)
        case chunk(Int)
        case chunkEnd
        case chunkLine
        case trailers
        /// Whatever comes is not looked at.
        case finished
    }

    private let limits: ServerLimits
    private var bytes = ByteBuffer()
    private var state = State.start
    /// How many of the bytes were looked at, and where the line begins that they end in.
    private var scanned = 0
    private var lineStart = 0
    private var extensionBytes = 0
    private var isLast = false

    init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Whether a request has begun and not ended.
    var isWithinRequest: Bool {
        switch state {
        case .start: bytes.readableBytes > 0
        case .finished: false
        default: true
        }
    }

    /// Whether the head of a request was given and its end was not.
    var isWithinBody: Bool {
        switch state {
        case .start, .head, .finished: false
        case .body, .chunk, .chunkEnd, .chunkLine, .trailers: true
        }
    }

    /// Whether nothing is read any more.
    var isFinished: Bool {
        if case .finished = state { true } else { false }
    }

    /// How much has come that was given in no part.
    var unreadBytes: Int { bytes.readableBytes }

    /// Takes what has come.
    mutating func append(_ buffer: consuming ByteBuffer) {
        if isFinished { return }
        guard bytes.readableBytes > 0 else {
            bytes = buffer
            return
        }
        bytes.discardReadBytes()
        bytes.writeBuffer(&buffer)
    }

    /// Gives nothing more, whatever comes.
    mutating func finish() {
        state = .finished
        bytes = ByteBuffer()
    }

    /// The next part; nil when more bytes are needed.
    ///
    /// After an error there is nothing more to be asked for.
    mutating func next() throws(RequestFlaw) -> Part? {
        while true {
            switch state {
            case .start:
                guard try skipEmptyLine() else { return nil }
            case .head:
                guard let lines = try block() else { return nil }
                return .head(try begin(lines))
            case .body(0): return end()
            case .body(let count):
                guard let slice = take(count) else { return nil }
                state = .body(count - slice.readableBytes)
                return .body(slice)
            case .chunk(0): state = .chunkEnd
            case .chunk(let count):
                guard let slice = take(count) else { return nil }
                state = .chunk(count - slice.readableBytes)
                return .body(slice)
            case .chunkEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw .chunk }
                state = .chunkLine
            case .chunkLine:
                guard let line = try line() else { return nil }
                try beginChunk(line)
            case .trailers:
                guard let lines = try block() else { return nil }
                try RequestHead.checkTrailers(lines, fieldsMax: limits.headerFieldsMax)
                return end()
            case .finished: return nil
            }
        }
    }

    /// Steps over an empty line; false when more bytes are needed.
    private mutating func skipEmptyLine() throws(RequestFlaw) -> Bool {
        guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else {
            return false
        }
        if first == UInt8(ascii: "\r") {
            guard let line = try line() else { return false }
            guard line.isEmpty else { throw .line }
        }
        state = .head
        return true
    }

    private mutating func begin(_ lines: [UInt8]) throws(RequestFlaw) -> RequestHead {
        let head = try RequestHead(lines, fieldsMax: limits.headerFieldsMax)
        isLast = head.isLast
        extensionBytes = 0
        switch head.framing {
        case .none: state = .body(0)
        case .length(let count): state = .body(count)
        case .chunked: state = .chunkLine
        }
        return head
    }

    private mutating func beginChunk(_ text: [UInt8]) throws(RequestFlaw) {
        let line = try ChunkLine(text)
        extensionBytes += line.extensionBytes
        guard extensionBytes <= limits.headerBytesMax else { throw .tooLarge }
        state = line.size > 0 ? .chunk(line.size) : .trailers
    }

    private mutating func end() -> Part {
        if isLast { finish() } else { state = .start }
        // Let go of, so that the next read finds it free.
        if bytes.readableBytes == 0 { bytes = ByteBuffer() }
        return .end
    }

    /// At most so many bytes; nil when there are none.
    private mutating func take(_ count: Int) -> ByteBuffer? {
        guard bytes.readableBytes > 0 else { return nil }
        return bytes.readSlice(length: min(count, bytes.readableBytes))
    }

    /// The next line without its end; nil when more bytes are needed.
    private mutating func line() throws(RequestFlaw) -> [UInt8]? {
        guard let end = try lineEnd() else { return nil }
        return consume(end)
    }

    /// Lines with their ends, up to an empty one, which is left away; nil when more are needed.
    private mutating func block() throws(RequestFlaw) -> [UInt8]? {
        while let end = try lineEnd() {
            guard end > lineStart else { return consume(end) }
            lineStart = scanned
        }
        return nil
    }

    /// Hands out so many bytes and steps over the line end behind them.
    private mutating func consume(_ count: Int) -> [UInt8] {
        let taken = bytes.readBytes(length: count) ?? []
        bytes.moveReaderIndex(forwardBy: 2)
        scanned = 0
        lineStart = 0
        return taken
    }

    /// Where the next line ends; nil when more bytes are needed.
    ///
    /// Every byte is looked at once, however slowly they come.
    private mutating func lineEnd() throws(RequestFlaw) -> Int? {
        let (place, end) = try Self.lineEnd(bytes, from: scanned, bytesMax: limits.headerBytesMax)
        scanned = place
        return end
    }

    /// How far the bytes were looked at, and where a line ends before that.
    ///
    /// What no line may hold is refused where it stands.
    private static func lineEnd(
        _ bytes: ByteBuffer,
        from start: Int,
        bytesMax: Int
    ) throws(RequestFlaw) -> (scanned: Int, end: Int?) {
        let text = bytes.readableBytesUInt8Span
        var place = start
        while place < text.count {
            guard place < bytesMax else { throw .tooLarge }
            switch text[place] {
            case 0x09, 0x20...0x7E, 0x80...0xFF: place += 1
            case UInt8(ascii: "\r"):
                guard place + 1 < text.count else { return (place, nil) }
                guard text[place + 1] == UInt8(ascii: "\n") else { throw .line }
                return (place + 2, place)
            default: throw .line
            }
        }
        return (place, nil)
    }
}
