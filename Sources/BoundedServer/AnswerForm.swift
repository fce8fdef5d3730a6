internal import HTTPTypes
internal import NIOCore

/// How an answer is framed, which depends on the request too.
struct AnswerForm {
    private enum Body {
        /// There is none, or only the head was asked for.
        case none
        /// Of the length that a header names, or as long as the connection.
        case plain
        case chunked
    }

    private let body: Body
    private let isLast: Bool
    private let isSecure: Bool

    init(_ response: HTTPResponse, to request: RequestHead, isLast: Bool, isSecure: Bool) {
        self.isLast = isLast
        self.isSecure = isSecure
        if request.request.method == .head || response.status.hasNoBody {
            body = .none
        } else if request.isOld || response.headerFields.contains(.contentLength) {
            body = .plain
        } else {
            body = .chunked
        }
    }

    /// Status line and fields.
    func head(_ response: HTTPResponse) -> ByteBuffer {
        var bytes = Self.statusLine(response.status)
        for field in response.headerFields {
            // A framework that drops a body counts what is left of it.
            if case .none = body, field.name == .contentLength,
                field.value == "0" || response.status.hasNoBody
            {
                continue
            }
            if isLast, field.name == .connection { continue }
            bytes.write(field.name.rawName, field.value)
        }
        if case .chunked = body { bytes.write("Transfer-Encoding", "chunked") }
        if isLast { bytes.write("Connection", "close") }
        bytes.writeProtection(beside: response.headerFields, isSecure: isSecure)
        bytes.writeStaticString("\r\n")
        return bytes
    }

    /// A piece of the body; nil where nothing is to be sent.
    func body(_ buffer: ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        switch body {
        case .none: return nil
        case .plain: return buffer
        case .chunked:
            var bytes = ByteBuffer()
            bytes.reserveCapacity(buffer.readableBytes + 20)
            bytes.writeString(String(buffer.readableBytes, radix: 16))
            bytes.writeStaticString("\r\n")
            bytes.writeImmutableBuffer(buffer)
            bytes.writeStaticString("\r\n")
            return bytes
        }
    }

    /// What stands after the body.
    var end: ByteBuffer {
        if case .chunked = body { return ByteBuffer(staticString: "0\r\n\r\n") }
        return ByteBuffer()
    }

    /// The whole answer to what is no request.
    static func refusal(_ flaw: RequestFlaw, isSecure: Bool) -> ByteBuffer {
        var bytes = statusLine(.badRequest)
        bytes.write("Content-Type", "text/plain; charset=utf-8")
        bytes.write("Content-Length", "\(flaw.rawValue.utf8.count + 1)")
        bytes.write("Connection", "close")
        bytes.writeProtection(beside: HTTPFields(), isSecure: isSecure)
        bytes.writeString("\r\n\(flaw.rawValue)\n")
        return bytes
    }

    private static func statusLine(_ status: HTTPResponse.Status) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(512)
        bytes.writeString("HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n")
        return bytes
    }
}

extension HTTPResponse.Status {
    /// RFC 9112, section 6.3: whatever the fields say.
    fileprivate var hasNoBody: Bool { kind == .informational || self == .noContent || code == 304 }
}

extension ByteBuffer {
    fileprivate mutating func write(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }
}
