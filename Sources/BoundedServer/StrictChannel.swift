internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTPTypes

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A connection that is read by `HTTPCodec` instead of the framework's lenient reader.
struct StrictChannel: HTTPChannelHandler {
    typealias Value = AcceptedConnection

    let responder: Responder
    let limits: ServerLimits
    /// Nil where the caller speaks in the clear.
    let tls: ServerTLS?
    let door: (any Door)?
    let connections: Connections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try Self.bound(channel)
            let pipeline = channel.pipeline.syncOperations
            let wait = connections.add(channel)
            try pipeline.addHandler(
                ReaderWatch(limits: limits, connections: connections, wait: wait)
            )
            try tls?.add(to: pipeline)
            // The time for the first head begins now, so the handshake has to come within it.
            try pipeline.addHandler(
                HTTPCodec(
                    limits: limits,
                    isSecure: tls != nil,
                    tally: connections.tally,
                    wait: wait,
                    now: channel.eventLoop.now
                )
            )
            if let door { try pipeline.addHandler(DoorHandler(door)) }
            return AcceptedConnection(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel,
                    configuration: NIOAsyncChannel.Configuration(
                        backPressureStrategy: .init(
                            lowWatermark: ServerLimits.partsHeldMax / 2,
                            highWatermark: ServerLimits.partsHeldMax
                        ),
                        isOutboundHalfClosureEnabled: true
                    )
                )
            )
        }
    }

    /// What the system and the event loop may keep for a connection.
    private static func bound(_ channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(
            .recvAllocator,
            value: AdaptiveRecvByteBufferAllocator(
                minimum: 512,
                initial: 2_048,
                maximum: ServerLimits.readBytesMax
            )
        )
        try options.setOption(
            .writeBufferWaterMark,
            value: ChannelOptions.Types.WriteBufferWaterMark(
                low: ServerLimits.writeBytesMax / 2,
                high: ServerLimits.writeBytesMax
            )
        )
        try options.setOption(
            .socketOption(.so_rcvbuf),
            value: ServerLimits.receiveBufferBytes
        )
        try options.setOption(.socketOption(.so_sndbuf), value: ServerLimits.sendBufferBytes)
        try options.setOption(
            .tcpOption(.init(rawValue: TCP_USER_TIMEOUT)),
            value: ServerLimits.deafTimeMilliseconds
        )
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value.take(), logger: logger)
    }
}
