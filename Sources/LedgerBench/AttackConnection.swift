internal import NIOCore

/// A connection of somebody hostile.
final class AttackConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How often a piece is sent by who sends little.
    private static let pause: TimeAmount = .seconds(1)

    private let attack: Attack
    private let callers: HostileCallers
    /// What it asks for first, so that not all ask for the same.
    private var number: Int
    private var received = ByteBuffer()

    init(_ attack: Attack, number: Int, callers: HostileCallers) {
        self.attack = attack
        self.number = number
        self.callers = callers
    }

    func channelActive(context: ChannelHandlerContext) {
        switch attack.conduct {
        case .asks(let requests): ask(requests, context)
        case .trickles(let start, let piece):
            context.writeAndFlush(wrapOutboundOut(start), promise: nil)
            trickle(piece, context)
        case .readsNothing(let requests):
            context.writeAndFlush(wrapOutboundOut(requests), promise: nil)
        case .pours(let start, let piece):
            context.writeAndFlush(wrapOutboundOut(start), promise: nil)
            pour(piece, context)
        }
    }

    private func ask(_ requests: [ByteBuffer], _ context: ChannelHandlerContext) {
        let request = requests[number % requests.count]
        number += 1
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    private func trickle(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) {
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            context.writeAndFlush(handler.wrapOutboundOut(piece), promise: nil)
            handler.trickle(piece, context)
        }
    }

    /// Sends the next piece as soon as the system has taken this one.
    private func pour(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(piece)).whenSuccess {
            let (handler, context) = bound.value
            if context.channel.isActive { handler.pour(piece, context) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .asks(let requests) = attack.conduct else { return }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard let answer = AnswerHead(received.readableBytesView) else { return }
        received.clear()
        callers.answered(answer)
        ask(requests, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        callers.lost()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension AttackConnection: Sendable {}
