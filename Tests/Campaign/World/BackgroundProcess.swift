internal import Glibc
internal import Subprocess
internal import SystemPackage
internal import TestSupport

/// A program that runs beside the campaign until it ends, or is ended.
///
/// It has a session of its own: a frozen process would get SIGHUP when the shell ends that started
/// the campaign, and a Ctrl-C is for the campaign alone.
struct BackgroundProcess: Sendable {
    /// The process that it is.
    let process: pid_t
    private let task: Task<TerminationStatus, any Error>

    private static let pollInterval = Duration.milliseconds(10)

    /// Starts a command that writes to the end of a log.
    ///
    /// When the campaign ends before it, it gets `orphanSignal`, such as `KILL`.
    static func start(
        _ command: [String],
        environment: [String: String] = [:],
        log: String,
        orphanSignal: String
    ) async throws -> BackgroundProcess {
        var options = PlatformOptions()
        options.createSession = true
        let (started, reportStarted) = AsyncStream<pid_t>.makeStream()
        let task = Task { [options] in
            defer { reportStarted.finish() }
            return try await Subprocess.run(
                .path("/bin/sh"),
                arguments: ChildProcess.arguments(command, log: log, signal: orphanSignal),
                environment: ChildProcess.environment(and: environment),
                platformOptions: options,
                input: .inputWriter,
                output: .discarded,
                error: .discarded
            ) { execution in
                let process = execution.processIdentifier.value
                reportStarted.yield(process)
                while ChildProcess.isRunning(process) {
                    try await Task.sleep(for: Self.pollInterval)
                }
                try? await execution.standardInputWriter.finish()
            }.terminationStatus
        }
        // Whoever is cancelled meanwhile must still know what there is to end.
        let first = Task { () -> pid_t? in
            for await process in started { return process }
            return nil
        }
        if let process = await first.value {
            return BackgroundProcess(process: process, task: task)
        }
        _ = try await task.value
        throw CancellationError()
    }

    /// Whether it has not ended.
    var isRunning: Bool { ChildProcess.isRunning(process) }

    /// Sends it a signal, as long as it has not ended.
    func send(_ signal: Int32) {
        if isRunning { Glibc.kill(process, signal) }
    }

    /// Waits until it has ended, which it is made to after some time, also where the task was cancelled:
    /// nothing is left behind.
    @discardableResult
    func end(atMost timeMax: Duration) async throws -> TerminationStatus {
        let ending = Task {
            let begin = ContinuousClock.now
            while isRunning {
                if ContinuousClock.now - begin > timeMax { send(SIGKILL) }
                try await Task.sleep(for: Self.pollInterval)
            }
        }
        try await ending.value
        return try await task.value
    }
}
