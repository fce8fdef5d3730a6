package import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore

extension Application {
    /// A server whose limits are all set.
    ///
    /// - Parameters:
    ///   - router: what it answers.
    ///   - host: the address it listens at.
    ///   - port: 0 takes any free one.
    ///   - name: what it is called in the log.
    ///   - meter: counts what becomes of its connections.
    ///   - limits: what it takes from those who call it.
    ///   - tls: its certificate, if it speaks TLS and nothing else.
    ///   - door: who may turn requests away before they reach the router.
    ///   - onRunning: told the port once the socket listens.
    ///   - logger: for the server's own messages.
    package init<Context>(
        router: Router<Context>,
        host: String,
        port: Int,
        name: String,
        meter: ServerMeter = ServerMeter(),
        limits: ServerLimits,
        tls: ServerTLS? = nil,
        door: (any Door)? = nil,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        logger: Logger
    ) where Responder == RouterResponder<Context> {
        let connections = Connections(
            tally: ConnectionTally(of: name, meter: meter, logger: logger),
            connectionsMax: ConnectionRoom.size(limits.connectionsMax, logger: logger),
            unreadBytesMax: limits.unreadBytesMax
        )
        meter.watch(connections, limits)
        self.init(
            router: router,
            server: HTTPServerBuilder { responder in
                StrictChannel(
                    responder: responder,
                    limits: limits,
                    tls: tls,
                    door: door,
                    connections: connections
                )
            },
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: ConnectionRoom(connections)
            ),
            onServerRunning: { channel in
                await onRunning(channel.localAddress?.port ?? port)
            },
            logger: logger
        )
    }
}
