internal import LedgerStore
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// Tells the service manager how the service is (sd_notify(3)): that it is ready, what it waits for,
/// that it ends, and again and again that it lives.
///
/// A message is a datagram to the socket that `NOTIFY_SOCKET` names; one that cannot be sent is
/// given up, as sd_notify(3) recommends. Without that variable there is no manager, and nothing to do.
package struct ServiceManager: Service {
    private let socket: NotifySocket
    private let readiness: Readiness
    /// How often the manager wants to hear that the service lives; nil when it does not.
    private let watchdogPause: Duration?

    /// How often the manager is told how the service is.
    private static let statusPause: Duration = .seconds(5)

    /// Nil without a manager in the environment.
    init?(environment: [String: String], process: Int32, readiness: Readiness) {
        guard let socket = NotifySocket(environment["NOTIFY_SOCKET"] ?? "") else { return nil }
        self.socket = socket
        self.readiness = readiness
        watchdogPause = Self.watchdogPause(environment, process)
    }

    /// Half of the time after which the manager ends a process that it has not heard of
    /// (sd_watchdog_enabled(3)); nil when another process is meant.
    static func watchdogPause(_ environment: [String: String], _ process: Int32) -> Duration? {
        if let meant = environment["WATCHDOG_PID"], Int32(meant) != process { return nil }
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }),
            microseconds > 0
        else { return nil }
        return .microseconds(microseconds) / 2
    }

    /// Tells the manager that requests are taken.
    package func tellReady() { socket.send("READY=1\nSTATUS=Requests are taken.") }

    /// Tells it how the service is until the graceful shutdown, and then that it ends.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await repeating(Self.statusPause) { await tellStatus() } }
            if let watchdogPause {
                group.addTask { await repeating(watchdogPause) { await tellAlive() } }
            }
            await group.waitForAll()
        }
        socket.send("STOPPING=1\nSTATUS=Requests under way are finished.")
    }

    private func repeating(
        _ pause: Duration,
        _ body: @escaping @Sendable () async -> Void
    ) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await body()
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Tells it that the service lives, once every thread that serves connections has answered.
    ///
    /// A task of its own says nothing of them; one that hangs is waited for until the manager ends the
    /// process.
    private func tellAlive() async {
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            guard (try? await loop.submit {}.get()) != nil else { return }
        }
        socket.send("WATCHDOG=1")
    }

    private func tellStatus() async {
        let conditions = await readiness.conditions()
        let words =
            conditions.isEmpty
            ? "Requests are taken." : conditions.map(\.0.sentence).joined(separator: " ")
        // A message is lines: none may begin within the words.
        socket.send("STATUS=" + words.replacing("\n", with: " "))
    }
}
