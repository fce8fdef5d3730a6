internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Turns requests away on the event loop, before anything else sees them.
///
/// It stands behind those who read and frame messages and watch over the connection, so a refusal
/// is an answer as any other to them. Answers keep the order of their requests: a refusal waits for
/// those before it, and for its own request's body.
final class DoorHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// A request that is not answered yet.
    private enum Place {
        case letIn
        case turnedAway(TurnedAway)
    }

    private struct TurnedAway {
        let request: HTTPRequest
        let refusal: Refusal
        var bodyBytes = 0
        /// Whether all of the request was read.
        var isWhole = false
        /// Whether it is answered before all of it was read; the connection ends then.
        var isHasty: Bool

        var isLast: Bool { !isWhole || request.headerFields[.connection] == "close" }
    }

    private let door: any Door
    private var unanswered = CircularBuffer<Place>()
    private var isReadHeld = false

    init(_ door: any Door) {
        self.door = door
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let request):
            guard let refusal = door.refusal(of: request) else {
                unanswered.append(.letIn)
                door.enters()
                break
            }
            // Who waits for a word before it sends the body is spared that. It may send it all the
            // same, or not: the next bytes could be read either way, so they are not read.
            let isHasty = request.headerFields.contains(.expect)
            unanswered.append(
                .turnedAway(TurnedAway(request: request, refusal: refusal, isHasty: isHasty))
            )
            answerNext(context)
            return
        case .body(let buffer):
            guard var request = beingRead else { break }
            request.bodyBytes += buffer.readableBytes
            if request.bodyBytes > door.bodyBytesMax { request.isHasty = true }
            unanswered[unanswered.index(before: unanswered.endIndex)] = .turnedAway(request)
            answerNext(context)
            return
        case .end:
            guard var request = beingRead else { break }
            request.isWhole = true
            unanswered[unanswered.index(before: unanswered.endIndex)] = .turnedAway(request)
            answerNext(context)
            return
        }
        context.fireChannelRead(data)
    }

    /// The request that is turned away and of which more is to come.
    private var beingRead: TurnedAway? {
        guard case .turnedAway(let request)? = unanswered.last, !request.isWhole else {
            return nil
        }
        return request
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        context.write(data, promise: promise)
        if case .letIn? = unanswered.first {
            unanswered.removeFirst()
            door.leave(1)
        }
        answerNext(context)
    }

    /// Answers those who were turned away and before whom nobody stands.
    private func answerNext(_ context: ChannelHandlerContext) {
        while case .turnedAway(let request)? = unanswered.first, request.isWhole || request.isHasty
        {
            unanswered.removeFirst()
            context.write(wrapOutboundOut(.head(request.refusal.head)), promise: nil)
            context.write(wrapOutboundOut(.body(request.refusal.body)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            // Nobody else knows that it was the last one.
            if request.isLast { context.close(mode: .output, promise: nil) }
        }
        if isReadHeld, unanswered.count < ServerLimits.unansweredMax {
            isReadHeld = false
            context.read()
        }
    }

    /// Whoever serves the connection has room for so many requests; who is turned away takes none
    /// of it, and must be bounded all the same.
    func read(context: ChannelHandlerContext) {
        guard unanswered.count < ServerLimits.unansweredMax else {
            isReadHeld = true
            return
        }
        context.read()
    }

    /// What is broken is refused for that, by whoever refuses it always.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, let request = beingRead {
            unanswered[unanswered.index(before: unanswered.endIndex)] = .letIn
            door.enters()
            context.fireChannelRead(wrapInboundOut(.head(request.request)))
        }
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        let count = unanswered.count { place in
            if case .letIn = place { true } else { false }
        }
        unanswered.removeAll()
        door.leave(count)
    }
}

@available(*, unavailable)
extension DoorHandler: Sendable {}
