internal import NIOCore

/// A connection of an open load: one request at a time, whenever one arrives.
final class OpenConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let load: OpenLoad
    private var context: ChannelHandlerContext?
    private var arrival: OpenLoad.Arrival?
    private var received = ByteBuffer()

    init(_ load: OpenLoad) {
        self.load = load
    }

    func send(_ request: ByteBuffer, for arrival: OpenLoad.Arrival) {
        self.arrival = arrival
        context?.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func close() {
        context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        load.isFree(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard let answer = AnswerHead(received.readableBytesView), let arrival else { return }
        received.clear()
        self.arrival = nil
        load.answered(arrival, answer)
        load.isFree(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        load.lost(self, arrival)
        arrival = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension OpenConnection: Sendable {}
