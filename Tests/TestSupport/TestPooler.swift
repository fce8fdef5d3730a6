import Foundation
import Glibc
package import PostgresCluster
import Subprocess
import SystemPackage

/// PgBouncer in front of a private PostgreSQL.
package struct TestPooler: Sendable {
    /// When a session of the server is lent to somebody else.
    package enum Mode: String, Sendable, CaseIterable {
        /// At the end of a connection.
        case session
        /// At the end of a transaction.
        case transaction
        /// At the end of a statement; transactions of several are refused.
        case statement
    }

    /// Where its socket is.
    package let folder: String
    /// The number in the socket's name.
    package static let port = 6432
    private let cluster: RunningCluster
    private let settings: [String: String]
    private let process: pid_t

    /// A connection string through the pooler, for a role that it knows.
    package func url(database: String, user: String) -> String {
        "postgresql://\(user)@/\(database)?host=\(folder)&port=\(Self.port)"
    }

    /// Changes the mode of all connections, as an administrator does who edits the settings.
    package func change(to mode: Mode) throws {
        try Self.write(mode, folder, cluster, settings)
        kill(process, SIGHUP)
    }

    /// Lends a pooler for as long as `body` runs; further settings are PgBouncer's own.
    package static func run<Value: Sendable>(
        _ mode: Mode,
        inFrontOf cluster: RunningCluster,
        users: [String],
        settings: [String: String] = [:],
        _ body: @escaping @Sendable (TestPooler) async throws -> Value
    ) async throws -> Value {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try users.map { "\"\($0)\" \"\"\n" }.joined().write(
            toFile: "\(folder)/users",
            atomically: true,
            encoding: .utf8
        )
        try write(mode, folder, cluster, settings)
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
            let pooler = TestPooler(
                folder: folder,
                cluster: cluster,
                settings: settings,
                process: execution.processIdentifier.value
            )
            // The socket is there a moment before anybody listens.
            let socket = LossyProxy.Address.path("\(folder)/.s.PGSQL.\(port)")
            while (try? ProxySocket(to: socket)) == nil {
                try await Task.sleep(for: .milliseconds(10))
            }
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(pooler))
            } catch {
                outcome = .failure(error)
            }
            try execution.send(signal: .terminate)
            return outcome
        }
        return try result.closureResult.get()
    }

    private init(
        folder: String,
        cluster: RunningCluster,
        settings: [String: String],
        process: pid_t
    ) {
        (self.folder, self.cluster) = (folder, cluster)
        (self.settings, self.process) = (settings, process)
    }

    private static func write(
        _ mode: Mode,
        _ folder: String,
        _ cluster: RunningCluster,
        _ settings: [String: String]
    ) throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: cluster.socketFolder)
        let owner = attributes[.ownerAccountName] as? String ?? ""
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
        \(settings.map { "\($0.key) = \($0.value)" }.joined(separator: "\n"))
        \(geteuid() == 0 ? "user = \(owner)" : "")
        """.write(toFile: "\(folder)/pooler.ini", atomically: true, encoding: .utf8)
    }
}
