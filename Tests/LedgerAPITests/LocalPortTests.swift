import LedgerStack
import NIOCore
import NIOPosix
import Testing

/// Servers that start beside each other, in one process or in several.
@Suite("free ports of this machine")
struct LocalPortTests {
    @Test("a port that was given to one is not given to another, though nobody listens there yet")
    func reserved() async throws {
        let port = try await LocalPort.free()
        #expect(await LocalPort.isFree(port))
        #expect(await !LocalPort.reserve(port))
        #expect(try await LocalPort.free(usual: port) != port)
    }

    @Test("who was given it can listen there")
    func listening() async throws {
        let port = try await LocalPort.free()
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: LocalPort.host, port: port).get()
        #expect(await !LocalPort.isFree(port))
        try await server.close().get()
    }

    @Test("a port where somebody listens is given to nobody")
    func listened() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: LocalPort.host, port: 0).get()
        let port = try #require(server.localAddress?.port)
        #expect(try await LocalPort.free(usual: port) != port)
        try await server.close().get()
    }
}
