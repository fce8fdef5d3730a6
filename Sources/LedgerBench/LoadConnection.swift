internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection that sends a request, reads its answer, and sends the next.
///
/// Written for measuring: a full HTTP client would take as much of the machine as the service does.
/// It knows answers with a Content-Length alone.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let plan: Plan
    private let done: EventLoopPromise<[Int]>
    private let clock = ContinuousClock()
    private var received = ByteBuffer()
    private var sentAt = ContinuousClock.now
    private var count = 0
    private var times: [Int] = []

    /// What a connection does, and for how long.
    struct Plan: Sendable {
        let host: String
        let port: Int
        let begin: ContinuousClock.Instant
        let end: ContinuousClock.Instant
        /// How many requests it sends at most.
        var countMax = Int.max
        /// What every answer must be.
        let status: Int
        /// The request of a number, counted from 1.
        let request: @Sendable (Int) -> ByteBuffer
    }

    private init(_ plan: Plan, done: EventLoopPromise<[Int]>) {
        self.plan = plan
        self.done = done
    }

    /// Runs one connection to the end of its plan and gives the times of its requests, in
    /// microseconds.
    static func run(_ plan: Plan) async throws -> [Int] {
        let loop = LoadThreads.next()
        let done = loop.makePromise(of: [Int].self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LoadConnection(plan, done: done)
                        )
                    }
                }
                .connect(host: plan.host, port: plan.port).get()
        } catch {
            done.fail(error)
            throw error
        }
        let times = try await done.futureResult.get()
        try? await channel.close().get()
        return times
    }

    func channelActive(context: ChannelHandlerContext) {
        sendNext(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard let answer = AnswerHead(received.readableBytesView) else { return }
        guard answer.status == plan.status else {
            let line = received.getString(at: received.readerIndex, length: 12) ?? ""
            return done.fail(BenchError.unexpectedAnswer(line))
        }
        received.moveReaderIndex(forwardBy: answer.length)
        received.discardReadBytes()
        let now = clock.now
        if sentAt >= plan.begin, now < plan.end {
            times.append(Int((now - sentAt) / .microseconds(1)))
        }
        guard now < plan.end, count < plan.countMax else { return done.succeed(times) }
        sendNext(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(BenchError.connectionClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    private func sendNext(_ context: ChannelHandlerContext) {
        count += 1
        let request = plan.request(count)
        sentAt = clock.now
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }
}
