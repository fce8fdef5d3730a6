import NIOCore
package import NIOHTTP1
import NIOPosix
import Synchronization

/// A receiver of webhooks that answers as told, and keeps what came.
package final class TestReceiver: Sendable {
    /// One whole request.
    package struct Message: Sendable {
        package let path: String
        package let headers: HTTPHeaders
        package let body: [UInt8]

        /// What stands in `webhook-id`.
        package var id: String { self["webhook-id"] ?? "" }
        /// The first value of a header field.
        package subscript(name: String) -> String? { headers.first(name: name) }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package enum Answer: Sendable {
        case status(Int, headers: [String: String] = [:])
        /// Says nothing.
        case hang
        /// Closes the connection.
        case cut

        package static let taken = status(200)
    }

    private struct State {
        var messages: [Message] = []
        var connections = 0
        var answer: @Sendable (Message) -> Answer
    }

    private let state: Mutex<State>
    /// `http://127.0.0.1:` and the port.
    package let url: String
    /// The port alone.
    package let port: Int

    private init(port: Int, _ answer: @escaping @Sendable (Message) -> Answer) {
        self.port = port
        url = "http://127.0.0.1:\(port)"
        state = Mutex(State(answer: answer))
    }

    /// All that came, in the order in which it was whole.
    package var messages: [Message] { state.withLock { $0.messages } }
    /// How many connections were made.
    package var connections: Int { state.withLock { $0.connections } }

    /// Answers otherwise from now on.
    package func answer(_ answer: @escaping @Sendable (Message) -> Answer) {
        state.withLock { $0.answer = answer }
    }

    /// Waits until so many messages came.
    package func wait(for count: Int) async throws {
        try await wait { $0.count >= count }
    }

    /// Waits until what came is enough.
    package func wait(until isEnough: ([Message]) -> Bool) async throws {
        while !isEnough(messages) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Runs one on a free port of the loopback interface while the body runs.
    package static func run<Value>(
        answer: @escaping @Sendable (Message) -> Answer = { _ in .taken },
        _ body: (TestReceiver) async throws -> Value
    ) async throws -> Value {
        let slot = Mutex<TestReceiver?>(nil)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                let receiver = slot.withLock { $0 }
                receiver?.state.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Handler(receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let receiver = TestReceiver(port: server.localAddress?.port ?? 0, answer)
        slot.withLock { $0 = receiver }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(receiver))
        } catch {
            result = .failure(error)
        }
        try await server.close()
        return try result.get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let receiver: TestReceiver?
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ receiver: TestReceiver?) {
            self.receiver = receiver
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let part): body += part.readableBytesView
            case .end:
                guard let head, let receiver else { return context.close(promise: nil) }
                let message = Message(path: head.uri, headers: head.headers, body: body)
                let answer = receiver.state.withLock { state in
                    state.messages.append(message)
                    return state.answer
                }
                send(answer(message), context)
            }
        }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .hang: break
            case .cut: context.close(promise: nil)
            case .status(let status, let fields):
                var headers = HTTPHeaders(fields.map { ($0.key, $0.value) })
                headers.add(name: "content-length", value: "0")
                let head = HTTPResponseHead(
                    version: .http1_1,
                    status: HTTPResponseStatus(statusCode: status),
                    headers: headers
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
