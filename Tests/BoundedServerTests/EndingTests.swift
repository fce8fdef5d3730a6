import TestSupport
import Testing

@Suite("a server that ends", .timeLimit(.minutes(2)))
struct EndingTests {
    private static let rounds = 40
    private static let callersCount = 32

    /// A connection that nobody reads any more would end the process.
    @Test("connections that come in that moment end nothing")
    func lateConnections() async throws {
        for _ in 0..<Self.rounds {
            let callers = try await ended()
            for caller in callers { await caller.value }
        }
    }

    /// Ends a server while callers connect who stop once nobody listens.
    private func ended() async throws -> [Task<Void, Never>] {
        let (callers, called) = AsyncStream.makeStream(of: Task<Void, Never>.self)
        try await TestServer.run { server in
            let port = server.port
            for _ in 0..<Self.callersCount {
                called.yield(
                    Task {
                        let request = "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                        while (try? await RawConnection.exchange(request, port: port)) != nil {}
                    }
                )
            }
            while server.count("/probe") < Self.callersCount { await Task.yield() }
        }
        called.finish()
        return await callers.reduce(into: []) { $0.append($1) }
    }
}
