import Glibc
import Subprocess
import SystemPackage

/// Whom the server runs as.
///
/// PostgreSQL refuses root, so root steps down to another user.
package struct ServerUser: Sendable {
    /// The user's name, for messages.
    package let name: String
    /// The identifiers to step down to, or nil to stay who we are.
    let identifiers: (user: uid_t, group: gid_t)?
    /// Whether the server keeps root's right to pass closed folders (CAP_DAC_READ_SEARCH): a
    /// project below root's own home has parents that nobody else may enter.
    var passesClosedFolders = false

    /// In the order in which they are tried; every system has the second one.
    private static let candidates = ["postgres", "nobody"]

    /// The user for a folder: who owns the data in it already, or else the first candidate.
    ///
    /// Throws `ClusterError.noUnprivilegedUser` when this is root and there is nobody to step down to.
    package static func choose(dataFolder: String) throws(ClusterError) -> ServerUser {
        guard geteuid() == 0 else {
            return ServerUser(name: "number \(geteuid())", identifiers: nil)
        }
        var status = stat()
        if unsafe stat(dataFolder, &status) == 0, status.st_uid != 0 {
            return ServerUser(
                name: "number \(status.st_uid)",
                identifiers: (status.st_uid, status.st_gid)
            )
        }
        for name in candidates {
            guard let entry = unsafe getpwnam(name) else { continue }
            return unsafe ServerUser(
                name: name,
                identifiers: (entry.pointee.pw_uid, entry.pointee.pw_gid)
            )
        }
        throw .noUnprivilegedUser
    }

    /// Gives this user a folder that root has made.
    ///
    /// Throws `ClusterError.folderNotWritable` when it cannot be given away.
    package func own(_ folder: String) throws(ClusterError) {
        guard let identifiers else { return }
        guard unsafe chown(folder, identifiers.user, identifiers.group) == 0 else {
            throw .folderNotWritable(folder: folder, errno: errno)
        }
    }

    /// The command with which a program becomes this user's.
    ///
    /// `setpriv` changes the user after the start of a fresh program: between fork and exec of a
    /// program with threads, `setuid` can hang on a lock that another thread held (it did).
    package func command(_ command: [String]) -> [String] {
        guard let identifiers else { return command }
        let rights =
            passesClosedFolders
            ? ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"] : []
        return [
            "setpriv", "--reuid=\(identifiers.user)", "--regid=\(identifiers.group)",
            "--clear-groups",
        ] + rights + ["--"] + command
    }

    /// How to start a shell script with arguments as this user.
    ///
    /// The session of its own keeps a Ctrl-C in the terminal from the server, so that it reaches
    /// our program alone, which stops the server in order.
    func shell(_ script: String, _ arguments: [String], in folder: String) -> Configuration {
        var options = PlatformOptions()
        options.createSession = true
        let command = self.command(["/bin/sh", "-c", script, "sh"] + arguments)
        // What the shell starts needs little; in particular none of our secrets.
        return Configuration(
            executable: .path("/usr/bin/env"),
            arguments: Arguments(command),
            environment: .custom(["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]),
            workingDirectory: FilePath(folder),
            platformOptions: options
        )
    }
}
