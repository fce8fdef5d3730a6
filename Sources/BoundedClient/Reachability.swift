internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Whether a server can be reached, without a word to it beyond the handshake of TLS.
package enum Reachability: Sendable, Equatable {
    case reached
    /// The URL names no http or https host.
    case malformedURL
    /// There is no such host, nobody listens, or nobody answers in time.
    case unreachable
    /// Somebody answers, and TLS does not come about: a certificate that is for another host or
    /// signed by nobody who is trusted, or no TLS at all.
    case untrusted

    private static let connectTimeMax = TimeAmount.seconds(3)
    /// A host that takes the connection and says nothing is away.
    private static let handshakeTimeMax = TimeAmount.seconds(3)

    /// Connects to the host of a URL, with `https` also shakes hands as every call does, and hangs up.
    package static func of(_ url: String) async -> Reachability {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.scheme == "https" || parts.scheme == "http"
        else { return .malformedURL }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        let isSecure = parts.scheme == "https"
        let port = parts.port ?? (isSecure ? 443 : 80)
        let channel: any Channel
        let handshake: EventLoopFuture<Void>?
        do {
            (channel, handshake) = try await connect(bare, port, isSecure: isSecure)
        } catch {
            return .unreachable
        }
        let end = channel.eventLoop.scheduleTask(in: handshakeTimeMax) {
            channel.close(promise: nil)
        }
        defer {
            end.cancel()
            channel.close(promise: nil)
        }
        do {
            try await handshake?.get()
            return .reached
        } catch is Silence {
            return .unreachable
        } catch {
            return .untrusted
        }
    }

    private static func connect(
        _ host: String,
        _ port: Int,
        isSecure: Bool
    ) async throws -> (any Channel, EventLoopFuture<Void>?) {
        let context = isSecure ? try NIOSSLContext(configuration: .clientDefault) : nil
        // A name of the handshake is no address.
        let name = (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
        return try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(connectTimeMax)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let context else { return (channel, nil) }
                    let done = channel.eventLoop.makePromise(of: Void.self)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: name),
                        Handshake(done)
                    )
                    return (channel, done.futureResult)
                }
            }
    }

    /// Nothing came in time.
    private struct Silence: Error {}

    /// Tells how the handshake ends.
    private final class Handshake: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let done: EventLoopPromise<Void>

        init(_ done: EventLoopPromise<Void>) {
            self.done = done
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted = event as? TLSUserEvent { done.succeed(()) }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            done.fail(error)
            context.close(promise: nil)
        }

        /// Whatever ended before counts; a connection that never came about ends here too.
        func handlerRemoved(context: ChannelHandlerContext) {
            done.fail(Silence())
        }
    }
}
