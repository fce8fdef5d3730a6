import Foundation
import Glibc
import Subprocess
import SystemPackage

/// The folder of a private PostgreSQL: `data`, made by initdb, and `server.log`.
struct ServerFolder {
    let path: String
    let user: ServerUser

    var data: String { "\(path)/data" }
    var log: String { "\(path)/server.log" }

    /// Only the server's user may look into it.
    private static let permissions = 0o700
    private static let initializeScript = """
        draft=$1 data=$2
        shift 2
        rm -rf -- "$draft"
        "$@" && mv -- "$draft" "$data"
        """
    private static let outputBytesMax = 64 * 1024
    /// How much of the log's end helps to understand a failed start.
    private static let logBytesMax = 4096
    /// How long a server whose program was killed may take to shut down.
    private static let leftoverTimeMax: Duration = .seconds(15)
    private static let leftoverPause: Duration = .milliseconds(50)

    /// Makes the folder, or takes the one that is there.
    static func prepare(_ path: String) async throws -> ServerFolder {
        let path = URL(fileURLWithPath: path).standardizedFileURL.path
        let user = try ServerUser.choose(dataFolder: "\(path)/data")
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew {
            do {
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: true
                )
            } catch {
                throw ClusterError.folderNotWritable(folder: path, errno: errno)
            }
        }
        let folder = ServerFolder(path: path, user: user)
        if isNew || !folder.isInitialized {
            try user.own(path)
            try FileManager.default.setAttributes(
                [.posixPermissions: permissions],
                ofItemAtPath: path
            )
        }
        if try await folder.isReachable() { return folder }
        var privileged = user
        privileged.passesClosedFolders = user.identifiers != nil
        let reached = ServerFolder(path: path, user: privileged)
        guard try await reached.isReachable() else {
            throw ClusterError.folderNotReachable(folder: path, user: user.name)
        }
        return reached
    }

    /// Whether the server's user can enter the folder and write there.
    private func isReachable() async throws -> Bool {
        try await Subprocess.run(
            user.shell("cd \"$1\" && test -w .", [path], in: "/"),
            output: .discarded,
            error: .discarded
        ).terminationStatus.isSuccess
    }

    /// The major version of the data, or nil when there is none yet.
    var version: String? {
        (try? String(contentsOfFile: "\(data)/PG_VERSION", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private var isInitialized: Bool { version != nil }

    /// Makes an empty database, unless there is one.
    ///
    /// It is made under another name first, so that a half-made one is never taken for whole.
    /// Trust is for the Unix socket alone, whose folder only the server's user and root can
    /// enter; over TCP a password is asked for.
    func initialize(_ programs: ServerPrograms, durable: Bool) async throws {
        guard !isInitialized else { return }
        let draft = "\(path)/data.new"
        var arguments = [
            draft, data, programs.initdb.string, "-D", draft,
            "-U", RunningCluster.superuser,
            "-E", "UTF8", "--locale=C", "--data-checksums", "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ]
        if !durable { arguments.append("--no-sync") }
        let result = try await Subprocess.run(
            user.shell(Self.initializeScript, arguments, in: path),
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        )
        guard result.terminationStatus.isSuccess else {
            throw ClusterError.initializationFailed(folder: path, output: result.standardOutput)
        }
    }

    /// Waits for a server that is still shutting down since its program was killed.
    func waitForLeftover() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: Self.leftoverTimeMax)
        while isServerRunning {
            guard clock.now < deadline else { throw ClusterError.alreadyRunning(folder: path) }
            try await Task.sleep(for: Self.leftoverPause)
        }
    }

    /// The end of the log, for a failed start.
    var logTail: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return String(decoding: text.utf8.suffix(Self.logBytesMax), as: UTF8.self)
    }

    /// The first line of `postmaster.pid` is the server's process.
    ///
    /// After a crash it can be
    /// anyone's, so its name decides; PostgreSQL itself removes a stale file.
    private var isServerRunning: Bool {
        let text = (try? String(contentsOfFile: "\(data)/postmaster.pid", encoding: .utf8)) ?? ""
        guard let process = text.split(separator: "\n").first.flatMap({ Int32($0) }),
            let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
        else { return false }
        return name.hasPrefix("postgres")
    }
}
