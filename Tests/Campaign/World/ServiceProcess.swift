internal import Foundation
internal import Glibc
internal import NIOHTTP1
internal import Subprocess
internal import TestSupport

/// `token-ledger serve` as a process that the campaign starts, kills, freezes and starts again.
actor ServiceProcess {
    /// What it is started with each time.
    struct Settings: Sendable {
        /// The program, which may be a broken build.
        let program: String
        let settingsFile: String
        let port: Int
        let spoolFolder: String
        let checkpointFolder: String?
        /// Serves on a server that may lose what was written: for the controls.
        let acceptsUnsafeServer: Bool
        /// Where it writes its log, one run after the other.
        let log: String
    }

    private let settings: Settings
    private var current: BackgroundProcess?

    private static let pollInterval = Duration.milliseconds(10)
    private static let readyTimeMax = Duration.seconds(60)
    private static let endTimeMax = Duration.seconds(40)

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// Where it answers.
    nonisolated var url: String { "http://127.0.0.1:\(settings.port)" }

    /// Starts it, and gives back how long it took until it was ready.
    ///
    /// With a crash point, such as `P6:2`, it dies there; only debug builds can
    /// (docs/threats.md#55-crash-points).
    @discardableResult
    func start(crashPoint: String? = nil) async throws -> Duration {
        let begin = ContinuousClock.now
        try await launch(crashPoint)
        while await !isReady() {
            // At some crash points it dies before it is ready: that is what was asked for.
            if isEnded, crashPoint != nil { break }
            guard !isEnded, ContinuousClock.now - begin < Self.readyTimeMax else {
                throw CampaignError.notReady(log: logTail)
            }
            try await Task.sleep(for: Self.pollInterval)
        }
        return ContinuousClock.now - begin
    }

    /// Whether it is not there, or has ended.
    var isEnded: Bool { current.map { !$0.isRunning } ?? true }

    /// Throws `CampaignError.died` when it has ended by itself.
    func checkIsAlive() async throws {
        guard isEnded else { return }
        let status = try await current?.end(atMost: .zero)
        throw CampaignError.died(status: "\(String(describing: status))", log: logTail)
    }

    /// Its process, while there is one.
    var process: pid_t? { current?.process }

    /// Ends it at once, and waits until it is gone.
    func kill() async throws {
        current?.send(SIGKILL)
        try await end()
    }

    /// Freezes it.
    func freeze() {
        current?.send(SIGSTOP)
    }

    /// Lets it go on.
    func thaw() {
        current?.send(SIGCONT)
    }

    /// Waits until it has died at its crash point; an end of any other kind is none.
    func waitForCrash(atMost limit: Duration) async throws {
        let begin = ContinuousClock.now
        while !isEnded {
            guard ContinuousClock.now - begin < limit else {
                throw CampaignError.notCrashed("it goes on")
            }
            try await Task.sleep(for: Self.pollInterval)
        }
        let status = try await current?.end(atMost: .zero)
        guard status == .signaled(SIGKILL) else {
            throw CampaignError.notCrashed("\(String(describing: status)) \(logTail)")
        }
    }

    /// The end of what it has written.
    nonisolated var logTail: String {
        let bytes = FileManager.default.contents(atPath: settings.log) ?? Data()
        return String(decoding: bytes.suffix(4_000), as: UTF8.self)
    }

    /// Whether it says that it would write a launch.
    func isReady() async -> Bool {
        let answer = await LedgerClient.call(.GET, url + "/readyz", timeMax: .seconds(3))
        return answer?.status == 200
    }

    private func end() async throws {
        try await current.take()?.end(atMost: Self.endTimeMax)
    }

    private func launch(_ crashPoint: String?) async throws {
        try await end()
        var environment: [String: String] = ["TOKEN_LEDGER_CONFIG_FILE": settings.settingsFile]
        if let crashPoint { environment["CRASH_POINT"] = crashPoint }
        current = try await BackgroundProcess.start(
            [settings.program, "serve"] + settings.arguments,
            environment: environment,
            log: settings.log,
            orphanSignal: "KILL"
        )
    }
}

extension ServiceProcess.Settings {
    fileprivate var arguments: [String] {
        var all = [
            "--port", "\(port)", "--public-url", "http://127.0.0.1:\(port)",
            "--spool-folder", spoolFolder, "--log-level", "notice",
        ]
        if let checkpointFolder { all += ["--checkpoint-folder", checkpointFolder] }
        if acceptsUnsafeServer { all.append("--accept-unsafe-server") }
        return all
    }
}
