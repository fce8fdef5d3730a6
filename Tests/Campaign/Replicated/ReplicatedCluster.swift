internal import Foundation
internal import Glibc
internal import LedgerStack
internal import NIOHTTP1
internal import Postgres
internal import PostgresCluster
internal import TestSupport
internal import Wire

/// PostgreSQL on several nodes under Patroni with etcd, all of it processes of this machine.
///
/// It takes Debian's packages patroni and etcd-server.
package actor ReplicatedCluster {
    /// All nodes, in the order of their names.
    nonisolated let nodes: [PatroniNode]
    private let shared: PatroniNode.Shared
    private let folder: String
    private let user: ServerUser
    private var etcd: BackgroundProcess?
    /// Patroni's processes, by the node's name.
    private var running: [String: BackgroundProcess] = [:]

    private static let startTimeMax = Duration.seconds(90)
    private static let endTimeMax = Duration.seconds(30)
    private static let pollInterval = Duration.milliseconds(20)
    private static let answerTimeMax = Duration.seconds(5)

    private init(
        nodes: [PatroniNode],
        shared: PatroniNode.Shared,
        folder: String,
        user: ServerUser
    ) {
        self.nodes = nodes
        self.shared = shared
        self.folder = folder
        self.user = user
    }

    /// Makes a cluster in a new folder, lends it once every node follows the one that writes, and ends it.
    ///
    /// - Throws: `CampaignError.notInstalled` when a package is missing.
    static func run<Value: Sendable>(
        nodes count: Int,
        isSynchronous: Bool = true,
        folder: String,
        _ body: (ReplicatedCluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await make(nodes: count, isSynchronous: isSynchronous, folder: folder)
        let result: Result<Value, any Error>
        do {
            try await cluster.start()
            result = .success(try await body(cluster))
        } catch {
            result = .failure(error)
        }
        // Also where the task was cancelled, in which nothing could be waited for.
        try await Task { try await cluster.stop() }.value
        return try result.get()
    }

    private static func make(
        nodes count: Int,
        isSynchronous: Bool,
        folder: String
    ) async throws -> ReplicatedCluster {
        for program in ["etcd", "patroni", "patronictl"] {
            guard isInstalled(program) else { throw CampaignError.notInstalled(program) }
        }
        let user = try ServerUser.choose(dataFolder: folder)
        var ports: [Int] = []
        for _ in 0..<(2 * count + 2) { ports.append(try await LocalPort.free()) }
        let nodes = (0..<count).map { number in
            PatroniNode(
                name: "node-\(number + 1)",
                folder: "\(folder)/node-\(number + 1)",
                serverPort: ports[2 * number + 2],
                controlPort: ports[2 * number + 3]
            )
        }
        let shared = PatroniNode.Shared(
            etcdPort: ports[0],
            programs: try await programs(),
            password: Hexadecimal.encode((0..<16).map { _ in UInt8.random(in: .min ... .max) }),
            isSynchronous: isSynchronous
        )
        let cluster = ReplicatedCluster(nodes: nodes, shared: shared, folder: folder, user: user)
        try await cluster.prepare(peerPort: ports[1])
        return cluster
    }

    /// The folder of all of PostgreSQL's programs: what is on the PATH may be links to two of them.
    private static func programs() async throws -> String {
        let found = try await ServerPrograms.find(version: nil).folder
        return URL(fileURLWithPath: "\(found)/postgres").resolvingSymlinksInPath()
            .deletingLastPathComponent().path
    }

    private static func isInstalled(_ program: String) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").contains { folder in
            FileManager.default.isExecutableFile(atPath: "\(folder)/\(program)")
        }
    }

    /// The URI-less connection string of all nodes: libpq takes the one that writes.
    nonisolated func url(user: String = RunningCluster.superuser) -> String {
        let hosts = nodes.map(\.folder).joined(separator: ",")
        let ports = nodes.map { "\($0.serverPort)" }.joined(separator: ",")
        return "host=\(hosts) port=\(ports) dbname=postgres user=\(user) "
            + "target_session_attrs=read-write"
    }

    /// The node that writes now; nil while none does.
    nonisolated func primary(besides old: PatroniNode? = nil) async -> PatroniNode? {
        for node in nodes where node != old {
            if await Self.ask(node, Self.isPrimary) == [1] { return node }
        }
        return nil
    }

    /// How many nodes follow the one that writes, and whether one of them has every commit first.
    nonisolated func followers() async -> (count: Int, hasSynchronous: Bool) {
        for node in nodes {
            guard let counts = await Self.ask(node, Self.followerCounts), counts.count == 2 else {
                continue
            }
            return (counts[0], counts[1] > 0)
        }
        return (0, false)
    }

    /// Waits until every node follows, and Patroni has written down which of them may take over.
    ///
    /// That is a moment after commits have begun to wait for that one; who is killed in between has no
    /// successor, for nobody can know that it has everything.
    func waitUntilWhole() async throws {
        try await wait { await isWhole() }
    }

    /// Waits until commits are kept twice.
    func waitUntilSynchronous() async throws {
        try await wait { await followers().hasSynchronous }
    }

    private func wait(until holds: () async -> Bool) async throws {
        let begin = ContinuousClock.now
        while await !holds() {
            guard ContinuousClock.now - begin < Self.startTimeMax else {
                throw CampaignError.notReady(log: logTail)
            }
            try await Task.sleep(for: Self.pollInterval)
        }
    }

    /// What Patroni shows of the nodes is as it must be.
    private func isWhole() async -> Bool {
        guard await followers().count == nodes.count - 1 else { return false }
        for node in nodes {
            let answer = await LedgerClient.call(
                .GET,
                "http://127.0.0.1:\(node.controlPort)/cluster",
                timeMax: Self.answerTimeMax
            )
            guard case .array(let members)? = answer?.json["members"] else { return false }
            let roles = members.compactMap { $0["role"]?.text }
            guard roles.count == nodes.count, roles.contains("leader") else { return false }
            guard roles.contains("sync_standby") || !shared.isSynchronous else { return false }
        }
        return true
    }

    /// Ends a node at once: Patroni, and every process of its PostgreSQL.
    func kill(_ node: PatroniNode) async throws {
        let patroni = running[node.name].take()
        patroni?.send(SIGKILL)
        try await patroni?.end(atMost: .zero)
        try await killServers(of: node)
    }

    /// Ends PostgreSQL's first process at once; the others follow it.
    func killServer(_ node: PatroniNode) throws {
        let text = try String(contentsOfFile: node.processFile, encoding: .utf8)
        guard let process = text.split(separator: "\n").first.flatMap({ Int32($0) }) else {
            throw POSIXError(.ESRCH)
        }
        Glibc.kill(process, SIGKILL)
    }

    /// Starts a node that was killed.
    func start(_ node: PatroniNode) async throws {
        let patroni = try await BackgroundProcess.start(
            user.command(["patroni", node.settingsFile]),
            log: node.log,
            orphanSignal: "TERM"
        )
        running[node.name] = patroni
        try Data("\(patroni.process)\n".utf8).write(to: URL(fileURLWithPath: node.patroniFile))
    }

    /// Whether a node's Patroni runs.
    func isRunning(_ node: PatroniNode) -> Bool { running[node.name]?.isRunning ?? false }

    /// Hands the writing to another node, as an administrator does.
    func switchOver() async throws {
        let answer = try await TestProgram.run(
            "patronictl",
            ["-c", nodes[0].settingsFile, "switchover", PatroniNode.scope, "--force"],
            environment: ["LC_ALL": "C.UTF-8"]
        )
        guard answer.status == 0 else {
            throw CampaignError.command(["patronictl"], output: answer.output + answer.messages)
        }
    }

    /// The ends of all nodes' logs, without what Patroni says each second.
    nonisolated var logTail: String {
        nodes.map { node in
            let bytes = FileManager.default.contents(atPath: node.log) ?? Data()
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                .filter { line in !Self.usualWords.contains { line.contains($0) } }
            return "\(node.name): \(lines.suffix(Self.logLinesMax).joined(separator: "\n"))"
        }.joined(separator: "\n")
    }

    private static let usualWords = [
        "INFO: no action.", "INFO: Lock owner:", "the database system is starting up",
    ]
    private static let logLinesMax = 60
}

// MARK: Its processes

extension ReplicatedCluster {
    private func prepare(peerPort: Int) async throws {
        try makeFolder(folder)
        try makeFolder("\(folder)/etcd")
        for node in nodes {
            try makeFolder(node.folder)
            try Data(node.settings(shared).utf8).write(to: URL(fileURLWithPath: node.settingsFile))
            try user.own(node.settingsFile)
        }
        let client = "http://127.0.0.1:\(shared.etcdPort)"
        let peer = "http://127.0.0.1:\(peerPort)"
        etcd = try await BackgroundProcess.start(
            user.command([
                "etcd", "--name", "etcd", "--data-dir", "\(folder)/etcd",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", "etcd=\(peer)",
            ]),
            log: "\(folder)/etcd.log",
            orphanSignal: "TERM"
        )
    }

    private func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        try user.own(path)
    }

    /// The first node makes the database, and the others copy it.
    ///
    /// One after the other: a node that has copied a part and then takes the lock of a node that had to
    /// wait for its disk would begin another history of the same database, which nobody notices.
    private func start() async throws {
        for (place, node) in nodes.enumerated() {
            try await start(node)
            if place == 0 { try await wait { await primary() == node } }
        }
        try await waitUntilWhole()
    }

    /// Ends everything that it has started, and throws the first failure only then.
    private func stop() async throws {
        var failure: (any Error)?
        let patronis = running.values
        running = [:]
        // Each ends its PostgreSQL in order.
        for patroni in patronis { patroni.send(SIGTERM) }
        for patroni in patronis {
            do {
                try await patroni.end(atMost: Self.endTimeMax)
            } catch { failure = failure ?? error }
        }
        for node in nodes {
            do { try await killServers(of: node) } catch { failure = failure ?? error }
        }
        etcd?.send(SIGTERM)
        do {
            try await etcd?.end(atMost: Self.endTimeMax)
        } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    private func killServers(of node: PatroniNode) async throws {
        // Without its data folder it has none.
        try await (try? ClusterProcesses(folder: node.folder))?.kill()
    }

    /// The numbers that a node's PostgreSQL answers to a question; nil when it does not answer.
    private static func ask(_ node: PatroniNode, _ question: Statement) async -> [Int]? {
        let configuration = PostgresConfiguration(
            url: "host=\(node.folder) port=\(node.serverPort) dbname=postgres "
                + "user=\(RunningCluster.superuser) connect_timeout=2"
        )
        guard let connection = try? await PostgresConnection.connect(configuration) else {
            return nil
        }
        let rows = try? await connection.rows(question) { result, row throws(PostgresError) in
            Int(try result.int8(row, 0))
        }
        await connection.close()
        return rows
    }

    private static let isPrimary = Statement(
        "is_primary",
        "select (not pg_is_in_recovery())::int::bigint"
    )
    /// All followers, and those without which nothing is acknowledged; none from a follower.
    ///
    /// A copy that is being made is shown as one that follows, under the name of its program.
    private static let followerCounts = Statement(
        "follower_counts",
        """
        select unnest(array[count(*), count(*) filter (where sync_state = 'sync')])
        from pg_stat_replication
        where state = 'streaming' and application_name <> 'pg_basebackup'
        having not pg_is_in_recovery()
        """
    )
}
