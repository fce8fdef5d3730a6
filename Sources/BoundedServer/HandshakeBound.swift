internal import NIOCore

/// Bounds what a caller sends before its handshake is over, where it is asked for a certificate.
///
/// The library would keep a chain of 100 KiB for each that begins one, whoever it is. This handler
/// stands between the connection and TLS, and the `End` that belongs to it behind TLS.
final class HandshakeBound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// A chain of the longest, the first record behind it, which is at most 16 KiB and 256 bytes long, and
    /// what else a handshake is made of.
    static let bytesMax = ClientCertificate.bytesMax + 16_640 + 8_192

    private var bytes = 0
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isOver {
            bytes += unwrapInboundIn(data).readableBytes
            guard bytes <= Self.bytesMax else { return context.close(promise: nil) }
        }
        context.fireChannelRead(data)
    }

    /// Sees the first bytes that TLS has read: the handshake is over by then.
    final class End: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let bound: HandshakeBound

        init(of bound: HandshakeBound) {
            self.bound = bound
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bound.isOver = true
            context.fireChannelRead(data)
        }
    }
}

@available(*, unavailable)
extension HandshakeBound: Sendable {}

@available(*, unavailable)
extension HandshakeBound.End: Sendable {}
