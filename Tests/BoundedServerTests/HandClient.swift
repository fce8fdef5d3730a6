import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// A caller that reads only when it is told to.
struct HandClient: Sendable {
    private static let pieceBytes = 16_384
    private static let patience = Duration.seconds(20)

    private let channel: any Channel
    private let received: Received
    /// When it began to connect.
    private let opened: ContinuousClock.Instant

    /// What has come, in a handler that asks for nothing by itself.
    private final class Received: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        let bytes = Mutex(ByteBuffer())
        /// Whether something was written, and has left.
        let hasSent = Mutex(false)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var piece = unwrapInboundIn(data)
            bytes.withLock { _ = $0.writeBuffer(&piece) }
        }
    }

    /// Lends a connection, of whose receive buffer the system keeps little.
    ///
    /// It comes from an address of this machine. Unless it keeps its own side open, it is closed when the server has ended the other one.
    static func run(
        port: Int,
        from address: String? = nil,
        keepsOpen: Bool = false,
        line: TestServer.Line = .open,
        configure: (inout TLSConfiguration) throws -> Void = { _ in },
        _ body: (HandClient) async throws -> Void
    ) async throws {
        let received = Received()
        let opened = ContinuousClock.now
        let trust = line == .open ? nil : try trust(configure)
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let address {
            bootstrap = try bootstrap.bind(to: SocketAddress(ipAddress: address, port: 0))
        }
        let channel =
            try await bootstrap
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: keepsOpen)
            .channelOption(.socketOption(.so_rcvbuf), value: pieceBytes)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: pieceBytes)
            )
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let trust {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: trust, serverHostname: nil)
                        )
                    }
                    try pipeline.addHandler(received)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        do {
            let client = HandClient(channel: channel, received: received, opened: opened)
            if trust != nil { try await client.shakeHands() }
            try await body(client)
        } catch {
            try? await channel.close()
            throw error
        }
        try? await channel.close()
    }

    /// A client that takes any certificate.
    private static func trust(
        _ configure: (inout TLSConfiguration) throws -> Void
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        try configure(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    /// What is written is sent when the handshake is over.
    private func shakeHands() async throws {
        let sent = channel.eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenSuccess { received.hasSent.withLock { $0 = true } }
        channel.writeAndFlush(ByteBuffer(), promise: sent)
        try await read { $0.received.hasSent.withLock { $0 } }
    }

    /// All that was read so far.
    var text: String { received.bytes.withLock { String(buffer: $0) } }

    var count: Int { received.bytes.withLock { $0.readableBytes } }

    /// How long ago it began to connect: the server's first clock began later, and earlier than the
    /// client's handshake was over.
    var age: Duration { .now - opened }

    /// Whether the server has ended the connection, as far as the system has told.
    var isClosed: Bool { !channel.isActive }

    /// Sends a text; a connection that is closed takes none.
    func send(_ text: String) async {
        try? await channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// Sends a text byte by byte until the connection is closed, or all is sent.
    func trickle(_ text: String, every pause: Duration) async throws {
        for character in text where !isClosed {
            await send(String(character))
            try await Task.sleep(for: pause)
        }
    }

    func close() async { try? await channel.close() }

    func closeOutput() async { try? await channel.close(mode: .output) }

    /// Ends our side without the farewell of TLS, as if a line were cut.
    func cutOutput() async throws {
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                .close(mode: .output, promise: nil)
        }.get()
    }

    /// Reads one piece, if there is one.
    func read() { channel.read() }

    /// Reads until something holds.
    func read(until isEnough: (HandClient) -> Bool) async throws {
        while !isEnough(self), !isClosed {
            read()
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Waits until the server has ended the connection, and says how long it was open.
    func closed() async throws -> Duration {
        let begin = ContinuousClock.now
        while !isClosed, .now - begin < Self.patience {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(isClosed)
        return age
    }
}
