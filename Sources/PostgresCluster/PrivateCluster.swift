import Foundation
import Glibc
package import Logging
import Postgres
import Subprocess
import SystemPackage

/// A PostgreSQL of our own, which runs exactly as long as a closure.
package enum PrivateCluster {
    /// Starts the server and keeps it while it holds our end of its standard input.
    ///
    /// The end of the input means that our program is done, or was killed; both end the server
    /// in order, without a trace in the folders that were made for this run. Told to stop while
    /// it recovers from a crash, PostgreSQL can wait a minute for a process that has gone; so it
    /// is stopped at once after ten seconds, which costs a recovery at most. `$server` may also
    /// end by itself, so the reader runs beside it.
    private static let script = """
        log=$1 socket=$2 temporary=$3
        shift 3
        exec 3<&0 </dev/null
        "$@" >"$log" 2>&1 3<&- &
        server=$!
        trap 'kill -INT "$server"' TERM INT HUP
        {
            while read -r line <&3; do :; done
            kill -INT "$server"
            sleep 10 & nap=$!
            trap 'kill "$nap"; exit' TERM
            wait "$nap"
            kill -QUIT "$server"
        } &
        reader=$!
        exec 3<&-
        while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
        kill "$reader" 2>/dev/null
        if test -n "$socket"; then rm -rf -- "$socket"; fi
        if test -n "$temporary"; then rm -rf -- "$temporary"; fi
        exit "$status"
        """

    /// How long a start may take.
    ///
    /// After a crash the server replays its log first.
    private static let startTimeMax: Duration = .seconds(60)
    /// How long the server may take to stop when the task is cancelled: longer than the ten
    /// seconds of the script, so that the script itself is never killed before the server.
    private static let stopTimeMax: Duration = .seconds(20)
    private static let startPause: Duration = .milliseconds(10)

    /// Runs a server around `body` and stops it afterwards.
    ///
    /// The server also stops when this program ends in any way. Throws `ClusterError` when it
    /// cannot be started, and what `body` throws.
    package static func run<Value: Sendable>(
        _ configuration: ClusterConfiguration,
        logger: Logger,
        _ body: (RunningCluster) async throws -> Value
    ) async throws -> Value {
        let temporary = try configuration.folder == nil ? temporaryFolder() : nil
        defer { remove(temporary) }
        let folder = try await ServerFolder.prepare(temporary ?? configuration.folder ?? "")
        let programs = try await ServerPrograms.find(version: folder.version)
        try await folder.waitForLeftover()
        try await folder.initialize(programs, durable: configuration.durable)
        let ownSocketFolder = try configuration.socketFolder == nil ? temporaryFolder() : nil
        defer { remove(ownSocketFolder) }
        let socketFolder = configuration.socketFolder ?? ownSocketFolder ?? ""
        try folder.user.own(socketFolder)
        let cluster = RunningCluster(
            folder: folder.path,
            socketFolder: socketFolder,
            port: configuration.socketPort
        )
        let arguments =
            [
                folder.log, ownSocketFolder ?? "", temporary ?? "", programs.postgres.string,
                "-D", folder.data,
            ] + configuration.arguments(socketFolder: socketFolder)
        var command = folder.user.shell(script, arguments, in: folder.path)
        command.platformOptions.teardownSequence = [
            .send(signal: .terminate, allowedDurationToNextStep: stopTimeMax)
        ]
        let result = try await Subprocess.run(
            command,
            input: .inputWriter,
            output: .discarded,
            error: .discarded
        ) { execution in
            let outcome: Result<Value, any Error>
            do {
                try await waitUntilReady(cluster, folder, execution.processIdentifier)
                logger.info("database started", metadata: ["folder": "\(folder.path)"])
                outcome = .success(try await body(cluster))
            } catch {
                outcome = .failure(error)
            }
            try? await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }

    /// Tries a real connection until one succeeds.
    private static func waitUntilReady(
        _ cluster: RunningCluster,
        _ folder: ServerFolder,
        _ process: ProcessIdentifier
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: startTimeMax)
        let configuration = PostgresConfiguration(url: cluster.url())
        while true {
            do {
                let connection = try await PostgresConnection.connect(configuration)
                return await connection.close()
            } catch {
                guard clock.now < deadline, !hasEnded(process.value) else {
                    throw ClusterError.startFailed(folder: folder.path, log: folder.logTail)
                }
            }
            try await Task.sleep(for: startPause)
        }
    }

    /// The shell has removed it before, unless the server was never started.
    private static func remove(_ folder: String?) {
        guard let folder else { return }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Whether a child has ended; it stays a zombie until its end is collected.
    private static func hasEnded(_ process: pid_t) -> Bool {
        var information = unsafe siginfo_t()
        let result = unsafe waitid(
            P_PID,
            id_t(process),
            &information,
            WEXITED | WNOHANG | WNOWAIT
        )
        return unsafe result != 0 || information.si_signo != 0
    }

    /// A new folder with a short path, since a socket's path has at most 107 bytes.
    private static func temporaryFolder() throws(ClusterError) -> String {
        var template = Array("/tmp/token-ledger-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw .folderNotWritable(folder: "/tmp", errno: errno)
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
