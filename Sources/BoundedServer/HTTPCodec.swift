internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Between the bytes of a connection and the parts of its messages.
final class HTTPCodec: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = ByteBuffer

    private var parser: RequestParser
    /// The requests that were handed on and are not answered yet; the first is being answered.
    private var unanswered: [RequestHead] = []
    private var answer: AnswerForm?
    /// The head of an answer until its body is known: one piece costs less than two.
    private var heldHead: ByteBuffer?
    /// What came in place of a request.
    private var flaw: RequestFlaw?
    /// Whether the body of the newest request is given up, because it is broken or not wanted.
    private var endsEarly = false
    private var closing: Scheduled<Void>?

    init(limits: ServerLimits) {
        parser = RequestParser(limits: limits)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        parser.append(unwrapInboundIn(data))
        do {
            while let part = try parser.next() { handOn(part, context) }
        } catch {
            refuse(error, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event, parser.isWithinRequest { refuse(.end, context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func handOn(_ part: RequestParser.Part, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            unanswered.append(head)
            // Who is refused on the spot is not told to send the body before.
            context.fireChannelRead(wrapInboundOut(.head(head.request)))
            if unanswered.count == 1 { encourage(context) }
        case .body(let buffer): context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end: context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    /// Whoever serves the connection answers the requests before, then fails with this error.
    private func refuse(_ flaw: RequestFlaw, _ context: ChannelHandlerContext) {
        // Within a body the request is answered by whoever reads that body.
        if parser.isWithinBody { endsEarly = true } else { self.flaw = flaw }
        parser.finish()
        context.fireErrorCaught(HTTPParserError.unknown)
    }

    /// Tells a caller that waits for it to send the body (RFC 9110, section 10.1.1).
    private func encourage(_ context: ChannelHandlerContext) {
        guard let head = unanswered.first, head.awaitsContinue else { return }
        let text = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(text), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response): write(response, context, promise)
        case .body(let buffer):
            write(answer?.body(buffer) ?? ByteBuffer(), context, promise)
        case .end:
            write(answer?.end ?? ByteBuffer(), context, promise)
            endAnswer(context)
        }
    }

    func flush(context: ChannelHandlerContext) {
        writeHeldHead(context)
        context.flush()
    }

    /// Writes bytes behind a head that is held, where they are few in one piece with it.
    private func write(
        _ bytes: ByteBuffer,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        if var head = heldHead, bytes.readableBytes <= ServerLimits.joinedBytesMax {
            heldHead = nil
            head.writeImmutableBuffer(bytes)
            context.write(wrapOutboundOut(head), promise: promise)
            return
        }
        writeHeldHead(context)
        // An empty write keeps the order of promises.
        guard bytes.readableBytes > 0 || promise != nil else { return }
        context.write(wrapOutboundOut(bytes), promise: promise)
    }

    private func writeHeldHead(_ context: ChannelHandlerContext) {
        guard let head = heldHead.take() else { return }
        context.write(wrapOutboundOut(head), promise: nil)
    }

    private func write(
        _ response: HTTPResponse,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        if let request = unanswered.first {
            // Who answers without the rest of a body does not want it (docs/threats.md#t12).
            if unanswered.count == 1, parser.isWithinBody {
                parser.finish()
                endsEarly = true
            }
            let form = AnswerForm(response, to: request, isLast: isLastAnswer)
            answer = form
            heldHead = form.head(response)
            if promise != nil { write(ByteBuffer(), context, promise) }
        } else if let flaw {
            context.write(wrapOutboundOut(AnswerForm.refusal(flaw)), promise: promise)
        } else {
            promise?.succeed()
        }
    }

    /// Whether the connection ends with the answer that is being written.
    private var isLastAnswer: Bool {
        guard let request = unanswered.first else { return true }
        return request.isLast || (endsEarly && unanswered.count == 1)
    }

    private func endAnswer(_ context: ChannelHandlerContext) {
        answer = nil
        let isLast = isLastAnswer
        if !unanswered.isEmpty { unanswered.removeFirst() }
        guard isLast else {
            encourage(context)
            return
        }
        // The reader of the answer sees its end at once, since this side is closed for output.
        // One that keeps its side open is not waited for.
        let channel = context.channel
        closing = channel.eventLoop.scheduleTask(in: ServerLimits.lingerTime) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closing?.cancel()
    }
}

@available(*, unavailable)
extension HTTPCodec: Sendable {}
