internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Turns requests away on the event loop, before anything else sees them.
///
/// It stands behind those who read and frame messages and watch over the connection, so a refusal
/// is an answer as any other to them. It waits for its request's body.
///
/// Whoever sends slowly or reads slowly is not inside: a thousand of them would take the room of
/// those whom the service works for.
final class DoorHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private struct TurnedAway {
        let request: HTTPRequest
        let refusal: Refusal
        var bodyBytes = 0
    }

    private let door: any Door
    /// The request that is turned away and of which more is to come.
    private var turnedAway: TurnedAway?
    private var place = Place.outside

    /// Where the request is that was let in last.
    private enum Place {
        /// Its answer has begun, or is known, or there is none.
        case outside
        /// More of it is to come.
        case arriving
        case inside
    }

    init(_ door: any Door) {
        self.door = door
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request):
            guard let refusal = door.refusal(of: request) else {
                place = .arriving
                break
            }
            turnedAway = TurnedAway(request: request, refusal: refusal)
            // Who waits for a word before it sends the body is spared that. It may send it all the
            // same, or not: the next bytes could be read either way, so they are not read.
            // Who announces more than is read is not read either.
            let length = request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
            if request.headerFields.contains(.expect) || length > door.bodyBytesMax {
                refuse(context)
            }
            return
        case .body(let buffer):
            guard var request = turnedAway else { break }
            request.bodyBytes += buffer.readableBytes
            turnedAway = request
            if request.bodyBytes > door.bodyBytesMax { refuse(context) }
            return
        case .end:
            guard turnedAway != nil else {
                enter()
                break
            }
            refuse(context)
            return
        }
        context.fireChannelRead(data)
    }

    /// The answer may have come before the end of the request.
    private func enter() {
        guard place == .arriving else { return }
        place = .inside
        door.enters()
    }

    /// Answers who is turned away; if not all of its request was read, the connection ends.
    private func refuse(_ context: ChannelHandlerContext) {
        guard let refusal = turnedAway.take()?.refusal else { return }
        context.write(wrapOutboundOut(.head(refusal.head)), promise: nil)
        context.write(wrapOutboundOut(.body(refusal.body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .head(let head) = unwrapOutboundIn(data), head.status.kind != .informational {
            leave()
        }
        context.write(data, promise: promise)
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext,
        event: Any,
        promise: EventLoopPromise<Void>?
    ) {
        guard case DoorEvent.answerWaits = event else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        leave()
        promise?.succeed()
    }

    private func leave() {
        if place == .inside { door.leave() }
        place = .outside
    }

    /// What is broken is refused for that, by whoever refuses it always.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, let request = turnedAway.take()?.request {
            place = .arriving
            context.fireChannelRead(wrapInboundOut(.head(request)))
        }
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }
}

@available(*, unavailable)
extension DoorHandler: Sendable {}
