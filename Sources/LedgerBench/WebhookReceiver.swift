internal import LedgerStack
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization
internal import Wire

/// Takes webhooks of several endpoints at once, and remembers what came in which order.
final class WebhookReceiver: Sendable {
    /// What came at one endpoint.
    private struct Arrivals {
        var positions: Set<Int64> = []
        /// The last position of each user.
        var last: [String: Int64] = [:]
        var repeated = 0
        var overtaken = 0
    }

    /// What came of all deliveries to all endpoints.
    struct Figures: Sendable {
        /// How many messages came for the first time.
        var arrived = 0
        var repeated = 0
        /// How many came behind a later one of their user.
        var overtaken = 0
    }

    private static let documentDepthMax = 8
    private static let bodyBytesMax = 1 << 16

    /// By the path of the endpoint.
    private let arrivals = Mutex<[String: Arrivals]>([:])

    var figures: Figures {
        arrivals.withLock { all in
            all.values.reduce(into: Figures()) {
                $0.arrived += $1.positions.count
                $0.repeated += $1.repeated
                $0.overtaken += $1.overtaken
            }
        }
    }

    /// Takes them at a free port while the body runs, which gets the URL without a path.
    static func run<Value: Sendable>(
        _ body: (WebhookReceiver, String) async throws -> Value
    ) async throws -> Value {
        let receiver = WebhookReceiver()
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Handler(receiver))
                }
            }
            .bind(host: LocalPort.host, port: 0).get()
        let port = server.localAddress?.port ?? 0
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(receiver, "http://\(LocalPort.host):\(port)"))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        return try result.get()
    }

    /// Whether it is a message that it understands.
    private func take(_ path: String, _ body: [UInt8]) -> Bool {
        guard let data = try? JSONParser.parse(body, depthMax: Self.documentDepthMax)["data"],
            case .number(let spelling)? = data["position"], let position = Int64(spelling)
        else { return false }
        let subject = data["subject"]?.text
        arrivals.withLock { all in
            guard all[path, default: Arrivals()].positions.insert(position).inserted else {
                all[path]?.repeated += 1
                return
            }
            guard let subject else { return }
            if let last = all[path]?.last[subject], last > position { all[path]?.overtaken += 1 }
            all[path]?.last[subject] = position
        }
        return true
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: WebhookReceiver
        private var path = ""
        private var body: [UInt8] = []

        init(_ receiver: WebhookReceiver) {
            self.receiver = receiver
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (path, body) = (head.uri, [])
            case .body(let part):
                guard body.count < WebhookReceiver.bodyBytesMax else { return }
                body += part.readableBytesView
            case .end:
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: receiver.take(path, body) ? .noContent : .badRequest
                )
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
