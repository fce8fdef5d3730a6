import Glibc
import Subprocess

/// Whom the server runs as. PostgreSQL refuses root, so root steps down to another user.
struct ServerUser {
    /// The user's name, for messages.
    let name: String
    /// The identifiers to step down to, or nil to stay who we are.
    let identifiers: (user: uid_t, group: gid_t)?

    /// In the order in which they are tried; every system has the second one.
    private static let candidates = ["postgres", "nobody"]

    /// The user for a folder: who owns the data in it already, or else the first candidate.
    static func choose(dataFolder: String) throws(ClusterError) -> ServerUser {
        guard geteuid() == 0 else {
            return ServerUser(name: "number \(geteuid())", identifiers: nil)
        }
        var status = stat()
        if unsafe stat(dataFolder, &status) == 0, status.st_uid != 0 {
            return ServerUser(
                name: "number \(status.st_uid)", identifiers: (status.st_uid, status.st_gid))
        }
        for name in candidates {
            guard let entry = unsafe getpwnam(name) else { continue }
            return unsafe ServerUser(
                name: name, identifiers: (entry.pointee.pw_uid, entry.pointee.pw_gid))
        }
        throw .noUnprivilegedUser
    }

    /// Gives this user a folder that root has made.
    func own(_ folder: String) throws(ClusterError) {
        guard let identifiers else { return }
        guard unsafe chown(folder, identifiers.user, identifiers.group) == 0 else {
            throw .folderNotWritable(folder: folder, errno: errno)
        }
    }

    /// How to start a program as this user, in a session of its own: a Ctrl-C in the terminal
    /// then reaches our program alone, which stops the server in order.
    var platformOptions: PlatformOptions {
        var options = PlatformOptions()
        options.createSession = true
        if let identifiers {
            options.userID = identifiers.user
            options.groupID = identifiers.group
            options.supplementaryGroups = []
        }
        return options
    }
}
