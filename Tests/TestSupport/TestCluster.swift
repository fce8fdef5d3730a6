import Foundation
import Glibc
import Logging
import Postgres
package import PostgresCluster
package import SeededRandom

/// A PostgreSQL that a test can stop, crash and start again under the same address.
///
/// Where something is on the disk of the server decides what a test can do to it: a folder on a
/// `DiskImage` loses its power, or fills up.
package actor TestCluster {
    private struct Run {
        let task: Task<Void, any Error>
        let stop: AsyncStream<Never>.Continuation
    }

    private let configuration: ClusterConfiguration
    private var current: Run?
    private var cluster: RunningCluster?
    private var server: ClusterProcesses?

    init(_ configuration: ClusterConfiguration) {
        self.configuration = configuration
    }

    /// Lends a started cluster with folders of its own, which are removed afterwards.
    ///
    /// A folder that is given is made or taken as it is, and stays.
    package static func run<Value: Sendable>(
        folder: String? = nil,
        durable: Bool = false,
        settings: [String: String] = [:],
        _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        let folders = try [newTemporaryFolder(), newTemporaryFolder()]
        defer { for folder in folders { try? FileManager.default.removeItem(atPath: folder) } }
        let cluster = TestCluster(
            ClusterConfiguration(
                folder: folder ?? folders[0],
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
            // A test that failed may have left processes that do not listen.
            try? await cluster.kill()
            throw error
        }
    }

    /// Lends a standby that follows this cluster, which from here on waits for it at each commit.
    ///
    /// A commit is confirmed once the standby has written it to its disk, as with
    /// `synchronous_standby_names = '*'` everywhere; with `isSynchronous` false nobody waits for it.
    package func withStandby<Value: Sendable>(
        isSynchronous: Bool = true,
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
            if isSynchronous {
                let connection = try await PostgresConnection.connect(
                    PostgresConfiguration(url: cluster.url())
                )
                try await connection.script("alter system set synchronous_standby_names = '*'")
                try await connection.script("select pg_reload_conf()")
                await connection.close()
            }
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

    /// Where the server keeps its data.
    package func dataFolder() throws -> String {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        return "\(cluster.folder)/data"
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
            server = try ClusterProcesses(folder: cluster.folder)
            return cluster
        }
        throw CancellationError()
    }

    /// Stops the server in order.
    ///
    /// Stopping again does nothing.
    package func stop() async throws {
        guard let current = current.take() else { return }
        server = nil
        current.stop.finish()
        try await current.task.value
    }

    /// Ends the server at once, as a crash does; the next start recovers.
    package func crash() async throws {
        guard let current = current.take(), let cluster else { return }
        server = nil
        let text = try String(
            contentsOfFile: "\(cluster.folder)/data/postmaster.pid",
            encoding: .utf8
        )
        guard let process = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw POSIXError(.ESRCH)
        }
        Glibc.kill(process, SIGQUIT)
        current.stop.finish()
        try await current.task.value
    }

    /// Puts the write-ahead log into a new folder, as where it has a volume of its own.
    ///
    /// The server is stopped for it and started again.
    package func moveLog(to folder: String) async throws {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        try await stop()
        try await PostgresTools.move("\(cluster.folder)/data/pg_wal", to: folder)
        try await start()
    }

    /// Takes a copy of the running server's data into a folder, as `pg_basebackup` does.
    package func backUp(to folder: String) async throws {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        try await PostgresTools.baseBackup(of: cluster, to: folder)
    }

    /// Where the server's socket is.
    package func socketFolder() throws -> String {
        guard let cluster else { throw POSIXError(.ENOTCONN) }
        return cluster.socketFolder
    }

    /// All processes of the server, also those that work in the background.
    ///
    /// None before a start, and none after a stop or a kill.
    package func processes() -> [Int32] {
        server?.all() ?? []
    }

    /// Ends every process of the server at once, and comes back when none is left; the next start
    /// recovers.
    ///
    /// Nothing happens while it is stopped.
    package func kill() async throws {
        guard let current = current.take() else { return }
        // The disk may be somebody else's by the time anyone asks again.
        try await server.take()?.kill()
        current.stop.finish()
        try await current.task.value
    }

    /// Ends one of the server's processes at once; the others then end theirs and recover.
    package func killBackend(_ process: Int32) {
        Glibc.kill(process, SIGKILL)
    }

    /// Ends one of the processes that have a client: one that works just now, if one does so soon.
    ///
    /// Gives whether there was one.
    package func killAnyBackend(using random: inout SeededRandom) async throws -> Bool {
        let begin = ContinuousClock.now
        while ContinuousClock.now - begin < Self.backendTimeMax {
            let mayBeIdle = ContinuousClock.now - begin > Self.busyTimeMax
            if let process = server?.backends(onlyBusy: !mayBeIdle).randomElement(using: &random) {
                killBackend(process)
                return true
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }

    /// Statements are short: one may be at work at each look, or none for long.
    private static let busyTimeMax = Duration.milliseconds(200)
    /// After a crash clients take a moment to connect again.
    private static let backendTimeMax = Duration.seconds(10)
}
