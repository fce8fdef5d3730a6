internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Between the bytes of a connection and the parts of its messages.
///
/// One request is read at a time: whoever sends more before the answer has them read when it is
/// theirs. So an answer that nobody takes is the last one that is made for its reader, and nobody
/// is waited for without a deadline, which is known here: whose turn it is.
final class HTTPCodec: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = ByteBuffer

    private let limits: ServerLimits
    /// Whether its bytes come by way of TLS.
    private let isSecure: Bool
    private let tally: ConnectionTally
    private let wait: Wait
    private var parser: RequestParser
    /// The request that is being read or answered.
    private var request: RequestHead?
    private var answer: AnswerForm?
    /// The head of an answer until its body is known: one piece costs less than two.
    private var heldHead: ByteBuffer?
    /// What came in place of a request.
    private var flaw: RequestFlaw?
    /// Whether the connection ends with the next answer, whatever its request says.
    private var isEnding = false
    private var isAdvancing = false
    /// Whether whoever serves the connection waits for more, and the system may hand some over.
    private var isReadHeld = false
    private var isReading = false
    private var isInputClosed = false
    /// How much has come that nobody looks at.
    private var droppedBytes = 0
    private var patience: Patience
    private var timer: DeadlineTimer?

    /// Reads a connection that was accepted now.
    init(
        limits: ServerLimits,
        isSecure: Bool,
        tally: ConnectionTally,
        wait: Wait,
        now: NIODeadline
    ) {
        self.limits = limits
        self.isSecure = isSecure
        self.tally = tally
        self.wait = wait
        parser = RequestParser(limits: limits)
        patience = Patience(limits, at: now)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        timer = DeadlineTimer(on: context.eventLoop) { self.giveUp(context) }
        timer?.set(patience.end)
        wait.forCaller(since: patience.since)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }
}

// MARK: Requests

extension HTTPCodec {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if parser.isFinished { drop(buffer, context) }
        parser.append(buffer)
        advance(context)
        guard !isOpen(context), parser.unreadBytes > ServerLimits.aheadBytesMax else { return }
        end(context)
        if request == nil { closeWhenSent(context) }
    }

    private func drop(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        droppedBytes += buffer.readableBytes
        hurry(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        let isWanted =
            parser.isFinished
            ? droppedBytes <= ServerLimits.lingerBytesMax
            : isOpen(context) || parser.unreadBytes == 0
        isReadHeld = !isWanted
        guard isWanted else { return }
        isReading = true
        context.read()
    }

    /// Whether the next part of a request is looked for.
    private func isOpen(_ context: ChannelHandlerContext) -> Bool {
        request == nil ? context.channel.isWritable : parser.isWithinBody
    }

    private func advance(_ context: ChannelHandlerContext) {
        // Who is refused on the spot is answered within this loop, which then goes on.
        guard !isAdvancing else { return }
        isAdvancing = true
        do {
            while isOpen(context), let part = try parser.next() { handOn(part, context) }
        } catch {
            refuse(error, context)
        }
        isAdvancing = false
        if isInputClosed, isOpen(context) || parser.unreadBytes == 0 {
            isInputClosed = false
            if parser.isWithinRequest { refuse(.end, context) }
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        watch(context)
    }

    /// Whoever reads the body must not take what came for all of it.
    func channelInactive(context: ChannelHandlerContext) {
        if parser.isWithinBody { refuse(.end, context) }
        context.fireChannelInactive()
    }

    /// Who ends without the farewell of TLS has closed its side, no more.
    ///
    /// Messages say themselves where they end. After anything else that TLS cannot read the connection
    /// is closed anyway.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !error.isOfTLS { context.fireErrorCaught(error) }
    }

    private func handOn(_ part: RequestParser.Part, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            request = head
            // Who is refused on the spot is not told to send the body before.
            context.fireChannelRead(wrapInboundOut(.head(head.request)))
            if request != nil { encourage(head, context) }
        case .body(let buffer): context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end:
            expect(.nothing, context)
            context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    /// Tells a caller that waits for it to send the body (RFC 9110, section 10.1.1).
    private func encourage(_ head: RequestHead, _ context: ChannelHandlerContext) {
        guard head.awaitsContinue else { return }
        // No route takes so much: its answer comes before the body.
        if case .length(let count) = head.framing, count > ServerLimits.encouragedBytesMax {
            return
        }
        let text = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(text), promise: nil)
    }

    /// Whoever serves the connection fails with this error.
    private func refuse(_ flaw: RequestFlaw, _ context: ChannelHandlerContext) {
        tally.noteMalformed()
        // Within a body the request is answered by whoever reads that body.
        if !parser.isWithinBody { self.flaw = flaw }
        end(context)
        context.fireErrorCaught(HTTPParserError.unknown)
    }

    /// Reads nothing any more: the next answer is the last one.
    private func end(_ context: ChannelHandlerContext) {
        parser.finish()
        isEnding = true
        watch(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // Whoever serves the connection takes nothing after this.
            isInputClosed = true
            advance(context)
        case is ChannelShouldQuiesceEvent:
            isEnding = true
            guard request == nil, !parser.isFinished else { return }
            end(context)
            guard context.unsentBytes == 0 else { return closeWhenSent(context) }
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }
}

// MARK: Answers

extension HTTPCodec {
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response): write(response, context, promise)
        case .body(let buffer):
            write(answer?.body(buffer) ?? ByteBuffer(), context, promise)
        case .end: endAnswer(context, promise)
        }
    }

    func flush(context: ChannelHandlerContext) {
        writeHeldHead(context)
        context.flush()
        goOn(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        goOn(context)
    }

    /// Reads on after an answer, if there is something to be read.
    private func goOn(_ context: ChannelHandlerContext) {
        guard request == nil, !isAdvancing, context.channel.isWritable else { return }
        let hasMore = parser.unreadBytes > 0 || isInputClosed
        advance(context)
        if hasMore { context.fireChannelReadComplete() }
        if isReadHeld { read(context: context) }
    }

    private func write(
        _ response: HTTPResponse,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) {
        if let request {
            // Who answers without the rest of a body does not want it (docs/threats.md#t12).
            if parser.isWithinBody { end(context) }
            let form = AnswerForm(
                response,
                to: request,
                isLast: isEnding || request.isLast,
                isSecure: isSecure
            )
            answer = form
            heldHead = form.head(response)
            if promise != nil { write(ByteBuffer(), context, promise) }
        } else if let flaw {
            let refusal = AnswerForm.refusal(flaw, isSecure: isSecure)
            context.write(wrapOutboundOut(refusal), promise: promise)
        } else {
            promise?.succeed()
        }
    }

    private func endAnswer(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let rest = answer?.end ?? ByteBuffer()
        let isLast = request.map { $0.isLast || isEnding } ?? true
        answer = nil
        request = nil
        guard isLast else { return write(rest, context, promise) }
        end(context)
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { _ in self.close(context) }
        write(rest, context, sent)
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
}

// MARK: Ends

extension HTTPCodec {
    /// This side ends behind what was written.
    ///
    /// Where the caller's side has ended the system would close all at once, with what waits to be
    /// sent.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        writeHeldHead(context)
        whenSent(context) { context.close(mode: .output, promise: promise) }
    }

    /// Ends this side, of which all is sent.
    ///
    /// The reader of the answer sees its end at once. One that keeps its own side open is not waited
    /// for.
    private func close(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        expect(.close, context)
        hurry(context)
    }

    /// Who goes on sending is not waited for as long as who may be on a slow line.
    private func hurry(_ context: ChannelHandlerContext) {
        guard droppedBytes > ServerLimits.lingerBytesMax, patience.awaited == .close else { return }
        patience.hurry(at: context.eventLoop.now)
        timer?.set(patience.end)
    }

    private func closeWhenSent(_ context: ChannelHandlerContext) {
        whenSent(context) { self.close(context) }
    }

    private func whenSent(_ context: ChannelHandlerContext, _ body: @escaping () -> Void) {
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in body() }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    }

    /// Sets a deadline for what is waited for now.
    private func watch(_ context: ChannelHandlerContext) {
        guard patience.awaited != .close else { return }
        expect(awaited(context), context)
    }

    private func expect(_ awaited: Patience.Awaited, _ context: ChannelHandlerContext) {
        // Bytes that trickle do not move a deadline.
        guard awaited != patience.awaited else { return }
        patience.wait(for: awaited, at: context.eventLoop.now)
        timer?.set(patience.end)
        wait.forCaller(since: patience.since)
    }

    private func awaited(_ context: ChannelHandlerContext) -> Patience.Awaited {
        guard !parser.isFinished else { return .nothing }
        guard request == nil else { return parser.isWithinBody ? .body : .nothing }
        guard context.channel.isWritable else { return .nothing }
        return parser.isWithinRequest ? .head : .request
    }

    private func giveUp(_ context: ChannelHandlerContext) {
        switch patience.awaited {
        case .nothing: break
        case .request, .close: context.close(promise: nil)
        case .first, .head: context.cut(.slowHead, tally)
        case .body where isReading: context.cut(.slowBody, tally)
        // Whoever serves the request has not looked for more of it.
        case .body: timer?.set(context.eventLoop.now + limits.requestTimeMax)
        }
    }
}

@available(*, unavailable)
extension HTTPCodec: Sendable {}
