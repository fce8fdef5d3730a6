import NIOCore
import Synchronization

/// A request's body in one piece, which remembers whether anybody asked for it.
final class OneUpload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    private let buffer: ByteBuffer
    private let asked = Mutex(false)

    init(_ bytes: [UInt8]) {
        buffer = ByteBuffer(bytes: bytes)
    }

    /// Whether the body was handed out, and so may be on the wire.
    var began: Bool { asked.withLock { $0 } }

    func makeAsyncIterator() -> Iterator {
        Iterator(upload: self)
    }

    struct Iterator: AsyncIteratorProtocol {
        let upload: OneUpload
        private var done = false

        init(upload: OneUpload) {
            self.upload = upload
        }

        mutating func next() async -> ByteBuffer? {
            guard !done else { return nil }
            done = true
            upload.asked.withLock { $0 = true }
            return upload.buffer
        }
    }
}
