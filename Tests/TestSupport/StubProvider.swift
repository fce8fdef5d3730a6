import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A provider that misbehaves as told: it waits for one whole request, then follows a script.
package final class StubProvider: Sendable {
    package enum Script: Sendable {
        /// Sends the bytes; closes unless they are a whole answer.
        case answer(String)
        /// Sends the bytes and resets the connection.
        case reset(after: String)
        /// Sends the bytes and then one more byte at a time, for ever.
        case drip(after: String)
        /// Never answers.
        case hang
        /// Closes before it has read anything.
        case closeAtOnce
    }

    private struct Seen {
        var connections = 0
        var requests: [String] = []
    }

    private let seen = Mutex(Seen())
    private let script: Script

    /// How many connections came.
    package var connections: Int { seen.withLock { $0.connections } }
    /// The whole requests that came.
    package var requests: [String] { seen.withLock { $0.requests } }

    private init(_ script: Script) {
        self.script = script
    }

    /// Runs a stub on a free port of the loopback interface while the body runs.
    package static func run<Result>(
        _ script: Script,
        _ body: (StubProvider, _ url: String) async throws -> Result
    ) async throws -> Result {
        let stub = StubProvider(script)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                stub.seen.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(stub))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let result: Result
        do {
            result = try await body(stub, "http://127.0.0.1:\(port)")
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
        return result
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        let stub: StubProvider
        var received = ""
        var answered = false

        init(_ stub: StubProvider) {
            self.stub = stub
        }

        func channelActive(context: ChannelHandlerContext) {
            if case .closeAtOnce = stub.script { reset(context) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            guard !answered, Self.isComplete(received) || Self.hasNoBody(received) else { return }
            answered = true
            stub.seen.withLock { $0.requests.append(received) }
            switch stub.script {
            case .answer(let text):
                // An answer that is whole needs no end of the connection; one that is cut off does.
                // A full close while the client still sends would be a reset, so only our side
                // ends.
                let channel = context.channel
                let isWhole = Self.isComplete(text)
                channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
                    if !isWhole { channel.close(mode: .output, promise: nil) }
                }
            case .reset(let text):
                write(text, context)
                reset(context)
            case .drip(let text):
                write(text, context)
                drip(context)
            case .hang, .closeAtOnce: break
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        /// Whether a message has all that its length announces; false when it announces none.
        private static func isComplete(_ message: String) -> Bool {
            guard let head = message.range(of: "\r\n\r\n") else { return false }
            let lower = message[..<head.lowerBound].lowercased()
            guard let field = lower.range(of: "content-length: ") else { return false }
            let length = Int(lower[field.upperBound...].prefix { $0.isNumber }) ?? 0
            return message[head.upperBound...].utf8.count >= length
        }

        /// Whether a request ends with its head.
        private static func hasNoBody(_ request: String) -> Bool {
            guard let head = request.range(of: "\r\n\r\n") else { return false }
            return !request[..<head.lowerBound].lowercased().contains("content-length: ")
        }

        private func write(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }

        private func reset(_ context: ChannelHandlerContext) {
            let channel = context.channel
            guard let socket = channel as? any SocketOptionProvider else { return }
            // A close that does not linger is a reset.
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
                channel.close(promise: nil)
            }
        }

        private func drip(_ context: ChannelHandlerContext) {
            let channel = context.channel
            channel.eventLoop.scheduleRepeatedTask(
                initialDelay: .milliseconds(20),
                delay: .milliseconds(20)
            ) { task in
                guard channel.isActive else { return task.cancel() }
                channel.writeAndFlush(ByteBuffer(string: " "), promise: nil)
            }
        }
    }
}
