internal import HummingbirdCore
internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// A connection that closes itself when nobody takes it.
///
/// A server that stops listening lets go of what came in the same moment, and a `NIOAsyncChannel`
/// that is let go before it was read ends the process.
final class AcceptedConnection: ServerChildChannelValue {
    typealias Parts = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    private let parts: Parts
    private let isTaken = Atomic(false)

    init(_ parts: Parts) {
        self.parts = parts
    }

    deinit {
        guard !isTaken.load(ordering: .relaxed) else { return }
        // Once it is closed it may be let go.
        parts.channel.closeFuture.whenComplete { [parts] _ in withExtendedLifetime(parts) {} }
        parts.channel.close(promise: nil)
    }

    var channel: any Channel { parts.channel }

    /// The connection, which is the caller's to close from now on.
    func take() -> Parts {
        isTaken.store(true, ordering: .relaxed)
        return parts
    }
}
