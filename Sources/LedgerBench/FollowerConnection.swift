internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One connection that follows, and counts the events that it is sent.
///
/// Written for measuring: it looks for what begins the data of an event, and reads nothing else.
final class FollowerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let mark = Array("\ndata: ".utf8)
    private static let accepted = Array("HTTP/1.1 200".utf8)

    private let request: ByteBuffer
    private let opened: EventLoopPromise<Void>
    /// How much of the mark the last bytes were.
    private var matched = 0
    private var isOpen = false
    private var head: [UInt8] = []
    private(set) var count = 0

    private init(_ request: ByteBuffer, opened: EventLoopPromise<Void>) {
        self.request = request
        self.opened = opened
    }

    /// One that follows already.
    struct Opened: Sendable {
        fileprivate let follower: NIOLoopBound<FollowerConnection>
        fileprivate let channel: any Channel

        /// How many events it has got.
        func count() async throws -> Int {
            let follower = follower
            return try await channel.eventLoop.submit { follower.value.count }.get()
        }

        func close() async { try? await channel.close().get() }
    }

    /// Connects, sends the request, and waits for the head of its answer.
    static func open(_ request: ByteBuffer, host: String, port: Int) async throws -> Opened {
        let loop = LoadThreads.next()
        let opened = loop.makePromise(of: Void.self)
        let follower = try await loop.submit {
            NIOLoopBound(FollowerConnection(request, opened: opened), eventLoop: loop)
        }.get()
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(follower.value)
                    }
                }
                .connect(host: host, port: port).get()
            try await opened.futureResult.get()
            return Opened(follower: follower, channel: channel)
        } catch {
            opened.fail(error)
            throw error
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data).readableBytesView
        if !isOpen {
            head += bytes.prefix(Self.accepted.count - head.count)
            if head.count == Self.accepted.count {
                isOpen = true
                guard head == Self.accepted else {
                    return opened.fail(
                        BenchError.unexpectedAnswer(String(decoding: head, as: UTF8.self))
                    )
                }
                opened.succeed()
            }
        }
        for byte in bytes {
            // Only the first byte of the mark may begin it anew.
            if byte == Self.mark[matched] {
                matched += 1
                guard matched == Self.mark.count else { continue }
                count += 1
                matched = 0
            } else {
                matched = byte == Self.mark[0] ? 1 : 0
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        opened.fail(BenchError.connectionClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        opened.fail(error)
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension FollowerConnection: Sendable {}
