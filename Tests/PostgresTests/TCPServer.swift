import PostgresCluster
import TestSupport

@testable import Postgres

/// A server at a TCP port that was free, for a test alone.
enum TCPServer {
    private static let triesMax = 5

    /// Lends one with a connection of its owner; another process may be faster at the port.
    static func run(
        _ body: @escaping @Sendable (_ port: Int, _ owner: PostgresConnection) async throws -> Void
    ) async throws {
        for attempt in 1... {
            let port = Int.random(in: 20_000..<32_000)
            do {
                try await PrivateCluster.run(
                    ClusterConfiguration(folder: nil, durable: false, port: port),
                    logger: .test
                ) { cluster in
                    let owner = try await PostgresConnection.connect(
                        PostgresConfiguration(url: cluster.url())
                    )
                    try await body(port, owner)
                    await owner.close()
                }
                return
            } catch ClusterError.startFailed where attempt < triesMax {
                continue
            }
        }
    }
}
