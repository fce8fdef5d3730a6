package import HTTPTypes
package import NIOCore

/// Says of each request, when its head has been read, whether it is let in.
package protocol Door: Sendable {
    /// How many bytes of a body are read of who is turned away, so that the connection can go on.
    var bodyBytesMax: Int { get }

    /// The answer to who is turned away; nil lets the request in.
    ///
    /// Asked on an event loop, for every request: it must not wait.
    func refusal(of request: HTTPRequest) -> Refusal?

    /// A request that was let in has been read whole: what it waits for now is not its caller.
    func enters()

    /// Its answer begins or is known, or nobody waits for it any more.
    func leave()
}

/// What can be said of a request on the way of its answer.
package enum DoorEvent: Sendable {
    /// The answer is known and is kept back: its request takes nobody's room meanwhile.
    case answerWaits
}

/// A whole answer to who is turned away.
package struct Refusal: Sendable {
    let head: HTTPResponse
    let body: ByteBuffer

    /// An answer whose head names the body's length.
    package init(head: HTTPResponse, body: ByteBuffer) {
        self.head = head
        self.body = body
    }
}
