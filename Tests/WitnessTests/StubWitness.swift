import NIOCore
import NIOPosix

/// A witness that answers nonsense: it waits for one request and follows a script.
enum StubWitness {
    enum Script: Sendable {
        /// Sends the text and ends.
        case answer(String)
        /// Sends the text and then a byte at a time, for ever.
        case drip(String)
        /// Never answers.
        case hang
        /// Ends the connection at once.
        case close

        /// An answer with status, type and body.
        static func status(_ status: Int, _ body: String, type: String = "text/plain") -> Script {
            .answer(
                "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\n"
                    + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            )
        }
    }

    /// Runs a stub on a free port while the body runs.
    static func run<Value>(
        _ script: Script,
        _ body: (_ url: String) async throws -> Value
    ) async throws -> Value {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body("http://127.0.0.1:\(server.localAddress?.port ?? 0)"))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        return try result.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let script: Script
        private var received = ""

        init(_ script: Script) { self.script = script }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let wasComplete = isComplete
            received += String(buffer: unwrapInboundIn(data))
            guard isComplete, !wasComplete else { return }
            let channel = context.channel
            switch script {
            case .answer(let text):
                channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
                    channel.close(mode: .output, promise: nil)
                }
            case .drip(let text):
                channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                channel.eventLoop.scheduleRepeatedTask(
                    initialDelay: .milliseconds(20),
                    delay: .milliseconds(20)
                ) { task in
                    guard channel.isActive else { return task.cancel() }
                    channel.writeAndFlush(ByteBuffer(string: " "), promise: nil)
                }
            case .hang: break
            case .close: context.close(promise: nil)
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private var isComplete: Bool {
            guard let head = received.firstRange(of: "\r\n\r\n") else { return false }
            let lower = received[..<head.lowerBound].lowercased()
            guard let field = lower.firstRange(of: "content-length: ") else { return true }
            let length = Int(lower[field.upperBound...].prefix { $0.isNumber }) ?? 0
            return received[head.upperBound...].utf8.count >= length
        }
    }
}
