internal import NIOCore

/// What a measurement needs to know of an answer: read from its bytes, without making text of them,
/// because the reader shares the machine with what it measures.
///
/// It knows answers with a Content-Length alone.
struct AnswerHead {
    /// The three digits of the status.
    let status: Int
    /// Whether it says when to come again.
    let hasRetryAfter: Bool
    /// How many bytes head and body have.
    let length: Int

    private static let contentLength = Array("content-length:".utf8)
    private static let retryAfter = Array("retry-after:".utf8)
    private static let lineEnd = UInt8(ascii: "\n")
    /// Where the status stands: after "HTTP/1.1 ".
    private static let statusOffset = 9

    /// Nil until the whole answer is there.
    init?(_ bytes: ByteBufferView) {
        var line = bytes.startIndex
        var body: Int?
        var retries = false
        while let end = bytes[line...].firstIndex(of: Self.lineEnd) {
            if end - line <= 1 {
                guard let body, bytes.endIndex - (end + 1) >= body else { return nil }
                let status = bytes.dropFirst(Self.statusOffset)
                self.status = Self.number(status) ?? 0
                hasRetryAfter = retries
                length = end + 1 + body - bytes.startIndex
                return
            }
            if Self.begins(bytes[line..<end], with: Self.contentLength) {
                body = Self.number(bytes[(line + Self.contentLength.count)..<end])
            } else if Self.begins(bytes[line..<end], with: Self.retryAfter) {
                retries = true
            }
            line = end + 1
        }
        return nil
    }

    /// Compares without regard to case; `name` has small letters, hyphens and a colon, which one
    /// bit more does not change.
    private static func begins(_ line: ByteBufferView, with name: [UInt8]) -> Bool {
        line.count >= name.count && zip(line, name).allSatisfy { $0 | 0x20 == $1 }
    }

    /// The decimal number at the beginning, after spaces.
    private static func number(_ bytes: ByteBufferView) -> Int? {
        var value: Int?
        for byte in bytes.drop(while: { $0 == UInt8(ascii: " ") }) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
