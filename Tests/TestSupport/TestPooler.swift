import Foundation
import Glibc
package import PostgresCluster
import Subprocess
import SystemPackage

/// PgBouncer in front of a private PostgreSQL.
package enum TestPooler {
    /// When a session of the server is lent to somebody else.
    package enum Mode: String, Sendable {
        /// At the end of a connection.
        case session
        /// At the end of a transaction.
        case transaction
    }

    private static let port = 6432

    /// Lends a pooler for as long as `body` runs; `body` gets the folder of its socket, and its port.
    package static func run<Value: Sendable>(
        _ mode: Mode,
        inFrontOf cluster: RunningCluster,
        users: [String],
        _ body: @escaping @Sendable (_ folder: String, _ port: Int) async throws -> Value
    ) async throws -> Value {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let attributes = try FileManager.default.attributesOfItem(atPath: cluster.socketFolder)
        let owner = attributes[.ownerAccountName] as? String ?? ""
        try users.map { "\"\($0)\" \"\"\n" }.joined().write(
            toFile: "\(folder)/users",
            atomically: true,
            encoding: .utf8
        )
        // As root it steps down to the user of the server, whose socket nobody else may use.
        try """
        [databases]
        * = host=\(cluster.socketFolder) port=\(cluster.port)
        [pgbouncer]
        pool_mode = \(mode.rawValue)
        listen_addr =
        listen_port = \(port)
        unix_socket_dir = \(folder)
        auth_type = trust
        auth_file = \(folder)/users
        \(geteuid() == 0 ? "user = \(owner)" : "")
        """.write(toFile: "\(folder)/pooler.ini", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777],
            ofItemAtPath: folder
        )
        let result = try await Subprocess.run(
            .name("pgbouncer"),
            arguments: ["\(folder)/pooler.ini"],
            input: .none,
            output: .discarded,
            error: .discarded
        ) { execution in
            // The socket is there a moment before anybody listens.
            let socket = LossyProxy.Address.path("\(folder)/.s.PGSQL.\(port)")
            while (try? ProxySocket(to: socket)) == nil {
                try await Task.sleep(for: .milliseconds(10))
            }
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(folder, port))
            } catch {
                outcome = .failure(error)
            }
            try execution.send(signal: .terminate)
            return outcome
        }
        return try result.closureResult.get()
    }
}
