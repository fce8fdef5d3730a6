import Foundation
import Glibc
import Logging
import Postgres
package import PostgresCluster

/// The PostgreSQL the tests of this process share: started on first use, without fsync, gone
/// with the process even when that is killed.
package enum TestPostgres {
    /// A database with a name and a URI.
    package struct Database: Sendable {
        /// The name.
        package let name: String
        /// The URI for the superuser.
        package let url: String
    }

    /// Enough for many pools side by side.
    private static let settings = ["max_connections": "1000"]

    /// Beside hundreds of other tests even a local server may need a while to answer the door.
    ///
    /// What stands in the string wins over the limits of the service.
    static func patient(_ url: String) -> String { url + "&connect_timeout=60" }
    private static let volatile = SharedCluster(durable: false, settings: settings)
    private static let durable = SharedCluster(durable: true, settings: settings)

    /// The shared cluster; with `durable`, another one that does call fsync.
    package static func cluster(durable: Bool = false) async throws -> RunningCluster {
        try await shared(durable).cluster()
    }

    /// The URI of a database that exists.
    package static func url(
        database: String = "postgres",
        user: String = RunningCluster.superuser,
        durable: Bool = false
    ) async throws -> String {
        patient(try await cluster(durable: durable).url(database: database, user: user))
    }

    /// A new database nobody else uses, empty or a copy of a template.
    package static func freshDatabase(
        template: String? = nil,
        durable: Bool = false
    ) async throws -> Database {
        let name = "test_" + UUID().uuidString.lowercased().filter { $0 != "-" }
        return try await shared(durable).create(name, template: template)
    }

    /// A database made once in this process by `prepare`, to be copied by `freshDatabase`.
    ///
    /// `prepare` gets the URI and must leave no connection open. Gives the name back.
    package static func template(
        _ name: String,
        durable: Bool = false,
        prepare: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws -> String {
        try await shared(durable).template(name, prepare: prepare)
    }

    private static func shared(_ durable: Bool) -> SharedCluster {
        durable ? Self.durable : volatile
    }
}

/// A cluster that is started once, with one connection that creates its databases in turn.
private actor SharedCluster {
    private let server: TestCluster
    private var starting: Task<RunningCluster, any Error>?
    private var connecting: Task<PostgresConnection, any Error>?
    private var templates: [String: Task<String, any Error>] = [:]

    init(durable: Bool, settings: [String: String]) {
        server = TestCluster(
            ClusterConfiguration(folder: nil, durable: durable, settings: settings)
        )
    }

    func cluster() async throws -> RunningCluster {
        let task = starting ?? Task { try await server.start() }
        starting = task
        return try await task.value
    }

    func create(_ name: String, template: String?) async throws -> TestPostgres.Database {
        let cluster = try await cluster()
        let task =
            connecting
            ?? Task {
                var configuration = PostgresConfiguration(url: cluster.url())
                configuration.statementTimeMax = nil
                return try await PostgresConnection.connect(configuration)
            }
        connecting = task
        // Creations from one template exclude each other; one connection runs one at a time.
        let source = template.map { " TEMPLATE \"\($0)\"" } ?? ""
        try await task.value.script("CREATE DATABASE \"\(name)\"\(source)")
        return TestPostgres.Database(
            name: name,
            url: TestPostgres.patient(cluster.url(database: name))
        )
    }

    func template(
        _ name: String,
        prepare: @escaping @Sendable (_ url: String) async throws -> Void
    ) async throws -> String {
        let task =
            templates[name]
            ?? Task {
                try await prepare(create(name, template: nil).url)
                return name
            }
        templates[name] = task
        return try await task.value
    }
}

/// A PostgreSQL that a test can stop, crash and start again under the same address.
package actor TestCluster {
    private struct Run {
        let task: Task<Void, any Error>
        let stop: AsyncStream<Never>.Continuation
    }

    private let configuration: ClusterConfiguration
    private var current: Run?
    private var cluster: RunningCluster?

    init(_ configuration: ClusterConfiguration) {
        self.configuration = configuration
    }

    /// Lends a started cluster with folders of its own, which are removed afterwards.
    package static func run<Value: Sendable>(
        durable: Bool = false,
        settings: [String: String] = [:],
        _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        let folders = try [newTemporaryFolder(), newTemporaryFolder()]
        defer { for folder in folders { try? FileManager.default.removeItem(atPath: folder) } }
        let cluster = TestCluster(
            ClusterConfiguration(
                folder: folders[0],
                durable: durable,
                socketFolder: folders[1],
                settings: settings
            )
        )
        do {
            try await cluster.start()
            let value = try await body(cluster)
            try await cluster.stop()
            return value
        } catch {
            try? await cluster.stop()
            throw error
        }
    }

    /// Lends a standby that follows this cluster, which from here on waits for it at each commit.
    ///
    /// A commit is confirmed once the standby has written it to its disk, as with
    /// `synchronous_standby_names = '*'` everywhere.
    package func withStandby<Value: Sendable>(
        _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        let folders = try [newTemporaryFolder(), newTemporaryFolder()]
        defer { for folder in folders { try? FileManager.default.removeItem(atPath: folder) } }
        try await PostgresTools.baseBackup(of: cluster, to: "\(folders[0])/data")
        let standby = TestCluster(
            ClusterConfiguration(
                folder: folders[0],
                durable: configuration.durable,
                socketFolder: folders[1]
            )
        )
        do {
            try await standby.start()
            let connection = try await PostgresConnection.connect(
                PostgresConfiguration(url: cluster.url())
            )
            try await connection.script("alter system set synchronous_standby_names = '*'")
            try await connection.script("select pg_reload_conf()")
            await connection.close()
            let value = try await body(standby)
            try await standby.stop()
            return value
        } catch {
            try? await standby.stop()
            throw error
        }
    }

    /// The URI, the same before and after a restart and in between.
    package func url(
        database: String = "postgres",
        user: String = RunningCluster.superuser
    ) throws -> String {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        return TestPostgres.patient(cluster.url(database: database, user: user))
    }

    /// Where the server writes its log.
    package func logPath() throws -> String {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        return "\(cluster.folder)/server.log"
    }

    /// Starts the server and waits until it accepts connections.
    @discardableResult
    package func start() async throws -> RunningCluster {
        precondition(current == nil, "A test cluster is started once at a time.")
        let (started, reportStarted) = AsyncThrowingStream<RunningCluster, any Error>.makeStream()
        let (stopped, stop) = AsyncStream<Never>.makeStream()
        let configuration = configuration
        let task = Task {
            do {
                try await PrivateCluster.run(configuration, logger: Logger(label: "test")) {
                    reportStarted.yield($0)
                    for await _ in stopped {}
                }
            } catch {
                reportStarted.finish(throwing: error)
                throw error
            }
        }
        for try await cluster in started {
            current = Run(task: task, stop: stop)
            self.cluster = cluster
            return cluster
        }
        throw CancellationError()
    }

    /// Stops the server in order.
    ///
    /// Stopping again does nothing.
    package func stop() async throws {
        guard let current = current.take() else { return }
        current.stop.finish()
        try await current.task.value
    }

    /// Ends the server at once, as a crash does; the next start recovers.
    package func crash() async throws {
        guard let current = current.take(), let cluster else { return }
        let text = try String(
            contentsOfFile: "\(cluster.folder)/data/postmaster.pid",
            encoding: .utf8
        )
        guard let process = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw POSIXError(.ESRCH)
        }
        kill(process, SIGQUIT)
        current.stop.finish()
        try await current.task.value
    }

    /// Where the server's socket is.
    package func socketFolder() throws -> String {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        return cluster.socketFolder
    }

    /// Ends one of the server's processes at once; the others then end theirs and recover.
    package func killBackend(_ process: Int32) {
        kill(process, SIGKILL)
    }
}
