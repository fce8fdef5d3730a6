internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTPTypes

/// A connection that is read by `HTTPCodec` instead of the framework's lenient reader.
struct StrictChannel: HTTPChannelHandler {
    typealias Value = AcceptedConnection

    let responder: Responder
    let limits: ServerLimits
    let door: (any Door)?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPCodec(limits: limits))
            try pipeline.addHandler(
                HTTPConnectionStateHandler(idleTimeout: limits.idleTimeMax, logger: logger)
            )
            if let door { try pipeline.addHandler(DoorHandler(door)) }
            return AcceptedConnection(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel,
                    configuration: NIOAsyncChannel.Configuration(isOutboundHalfClosureEnabled: true)
                )
            )
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value.take(), logger: logger)
    }
}
