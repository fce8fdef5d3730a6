import LedgerStack
import PostgresCluster
import TestSupport

@testable import Postgres

/// A server at a TCP port that was free, for a test alone.
enum TCPServer {
    /// Lends one with a connection of its owner.
    static func run(
        _ body: @escaping @Sendable (_ port: Int, _ owner: PostgresConnection) async throws -> Void
    ) async throws {
        let port = try await LocalPort.free()
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
    }
}
