internal import NIOCore
internal import NIOPosix

/// Ports on this machine's loopback address.
package enum LocalPort {
    /// The address itself, as URLs name it.
    package static let host = "127.0.0.1"

    /// Below the ports that the system gives to outgoing connections, so that a remembered one is
    /// still free tomorrow.
    private static let candidates = 20_000..<32_000
    private static let triesMax = 100

    /// Whether a server could listen on a port now.
    package static func isFree(_ port: Int) async -> Bool {
        do {
            // A server's last connections linger for a minute; they do not keep its port.
            let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close().get()
            return true
        } catch {
            return false
        }
    }

    /// A free port, the usual one if possible.
    ///
    /// Until this process ends it is given to nobody else who
    /// asks here, whichever process that is: between choosing and listening lies the start of a server.
    package static func free(usual: Int? = nil) async throws(StackError) -> Int {
        if let usual, await isFree(usual), await reserve(usual) { return usual }
        for _ in 0..<triesMax {
            let port = Int.random(in: candidates)
            if await isFree(port), await reserve(port) { return port }
        }
        throw .noFreePort(host: host)
    }

    /// Keeps the port from those who ask for a free one, until this process ends; false if another
    /// process has it.
    ///
    /// A datagram socket of the same number says so: the system gives it to one process alone, takes it
    /// back however that process ends, and leaves the number free for servers that listen.
    @discardableResult
    package static func reserve(_ port: Int) async -> Bool {
        let socket = try? await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: host, port: port).get()
        return socket != nil
    }
}
