internal import Foundation
internal import Synchronization
internal import TestSupport

/// Nodes under Patroni, two copies of the service and the sandbox, for a person to watch and to kill
/// (`make ha`).
package final class Watching: Sendable {
    private let world: World
    private let nodes: ReplicatedCluster
    private let say: @Sendable (String) -> Void
    /// Since when a node's Patroni has been away.
    private let away = Mutex<[String: ContinuousClock.Instant]>([:])

    private static let lookPause = Duration.milliseconds(200)
    /// How long a killed node stays away: long enough to be missed.
    private static let awayTime = Duration.seconds(20)

    private init(_ world: World, say: @escaping @Sendable (String) -> Void) throws {
        self.world = world
        nodes = try world.nodes
        self.say = say
    }

    /// Starts everything in a new folder, says what there is to see and what has changed, and ends
    /// everything when the task is cancelled, which may be before it runs.
    ///
    /// `program` is `token-ledger`; the database has two nodes or three. Throws `CancellationError` in the
    /// end, or what keeps it from running.
    package static func run(
        program: String,
        nodes count: Int,
        say: @escaping @Sendable (String) -> Void
    ) async throws {
        let folder = try newTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // The server's user must be able to pass.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder)
        say("Starting etcd and \(count) nodes in \(folder) …")
        try await ReplicatedCluster.run(nodes: count, folder: "\(folder)/nodes") { cluster in
            try await World.run(
                program,
                for: count == 2 ? .primaryOfTwoKilled : .primaryKilled,
                on: .replicated(cluster),
                folder: folder
            ) { world in
                let watching = try Watching(world, say: say)
                say(await watching.greeting)
                try await watching.watch()
            }
        }
    }

    /// Says what has changed, until it is cancelled, and starts nodes again that were killed.
    private func watch() async throws {
        var said = ""
        while true {
            await tendNodes()
            let state = await state
            if state != said {
                let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
                say("\(time)  \(state)")
                said = state
            }
            try await Task.sleep(for: Self.lookPause)
        }
    }

    /// As a service manager would.
    private func tendNodes() async {
        for node in nodes.nodes {
            if await nodes.isRunning(node) {
                away.withLock { $0[node.name] = nil }
                continue
            }
            let since = away.withLock { away in
                let since = away[node.name] ?? .now
                away[node.name] = since
                return since
            }
            guard ContinuousClock.now - since > Self.awayTime else { continue }
            say("Starting \(node.name) again.")
            try? await nodes.kill(node)
            try? await nodes.start(node)
        }
    }

    private var state: String {
        get async {
            let primary = await nodes.primary()
            let followers = await nodes.followers()
            var words = [primary.map { "\($0.name) writes" } ?? "no node writes"]
            words.append(
                "\(followers.count) follow"
                    + (followers.hasSynchronous ? ", one of them has every commit first" : "")
            )
            for (number, service) in world.services.enumerated() {
                let isReady = await service.isReady()
                words.append("copy \(number + 1) is \(isReady ? "ready" : "NOT ready")")
            }
            return words.joined(separator: "; ")
        }
    }
}

// MARK: What it says first

extension Watching {
    private var greeting: String {
        get async {
            let settings = nodes.nodes.first?.settingsFile ?? ""
            let services = world.services.map(\.url)
            let copies = services.enumerated().map { "  Copy \($0 + 1)     \($1)/readyz" }
            let kills = nodes.nodes.map { node in
                "  \(node.name)     kill -9 $(head -qn1 \(node.patroniFile) \(node.processFile))"
            }
            return """

                The ledger runs in two copies on a database of \(nodes.nodes.count) nodes.

                \(copies.joined(separator: "\n"))
                  Sandbox    http://127.0.0.1:\(await world.provider.port)/sandbox
                  Database   psql '\(nodes.url())'
                  API key    \(world.keys.first ?? "")

                To watch the nodes
                  watch -n 1 patronictl -c \(settings) list

                To launch, again and again, at both copies
                  while sleep 0.5; do for copy in \(services.joined(separator: " ")); do
                    curl -s -m 5 -o /dev/null -w '%{http_code} ' $copy/v1/launches \\
                      -H 'Authorization: Bearer \(world.keys.first ?? "")' \\
                      -H 'Content-Type: application/json' \\
                      -d '{"client_user_id":"alice@example.com","finish":"direct"}'; done; done

                To hand the writing over
                  patronictl -c \(settings) switchover --force

                To kill all that runs on a node; it is started again after \(Self.awayTime.components.seconds) s
                \(kills.joined(separator: "\n"))

                To check the history
                  TOKEN_LEDGER_CONFIG_FILE=\(world.folder)/settings.json \(world.program) verify

                Ctrl-C ends everything and removes the data. What changes is said here:

                """
        }
    }
}
