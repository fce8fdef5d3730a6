#if CRASH_POINTS
import CrashPoints
import NIOCore
import NIOHTTP1

/// Watches the bytes of one connection and ends the process within an exchange.
///
/// It stands where HTTP is bytes already, so also over TLS. Other calls pass through untouched.
final class ExchangeCrash: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let point: CrashPoint
    /// What the connection carries; nil before the first byte.
    private var isExchange: Bool?
    private var hasBody = false
    private var hasAnswer = false

    private init(_ point: CrashPoint) {
        self.point = point
    }

    /// Adds it to each new connection; nil unless one of its points is chosen.
    static var initializer: (@Sendable (any Channel) -> EventLoopFuture<Void>)? {
        guard let point = CrashPoint.chosen,
            [.connected, .requestPartlySent, .answerArrives, .answerPartlyRead].contains(point)
        else { return nil }
        return { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
                try pipeline.addHandler(ExchangeCrash(point), position: .before(encoder))
            }
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data), bytes.readableBytes > 0 else {
            return context.write(data, promise: promise)
        }
        guard let isExchange else {
            let line = String(buffer: bytes).prefix { $0 != "\r\n" }
            isExchange = line.hasSuffix("\(HumanConnectClient.exchangePath) HTTP/1.1")
            if isExchange == true, point == .connected { point.reach() }
            return context.write(data, promise: promise)
        }
        guard isExchange, !hasBody, point == .requestPartlySent,
            let half = bytes.readSlice(length: bytes.readableBytes / 2)
        else { return context.write(data, promise: promise) }
        hasBody = true
        // The kernel has taken it then.
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(half))).assumeIsolated().whenSuccess {
            self.point.reach()
        }
        context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard isExchange == true, !hasAnswer else { return context.fireChannelRead(data) }
        hasAnswer = true
        switch point {
        case .answerArrives: point.reach()
        case .answerPartlyRead:
            if let half = bytes.readSlice(length: bytes.readableBytes / 2) {
                context.fireChannelRead(wrapInboundOut(half))
            }
            point.reach()
        default: break
        }
        context.fireChannelRead(wrapInboundOut(bytes))
    }
}

@available(*, unavailable)
extension ExchangeCrash: Sendable {}
#endif
