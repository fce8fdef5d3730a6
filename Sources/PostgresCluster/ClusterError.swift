/// Why a private PostgreSQL could not be run.
package enum ClusterError: Error, Equatable {
    /// PostgreSQL's programs are not on this machine.
    case notInstalled
    /// This program is root, and there is no user it could run the server as.
    case noUnprivilegedUser
    /// The server's user may not enter the folder.
    case folderNotReachable(folder: String, user: String)
    /// The folder could not be made.
    case folderNotWritable(folder: String, errno: Int32)
    /// Another server works in the folder.
    case alreadyRunning(folder: String)
    /// `initdb` failed; the text is what it said.
    case initializationFailed(folder: String, output: String)
    /// The server ended, or did not answer in time; the text is the end of its log.
    case startFailed(folder: String, log: String)
}

extension ClusterError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        switch self {
        case .notInstalled:
            "PostgreSQL's server is not installed. On Debian: apt-get install postgresql"
        case .noUnprivilegedUser:
            "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody."
        case .folderNotReachable(let folder, let user):
            "The user \(user), who runs the database, cannot enter \(folder). Choose a folder "
                + "whose parents everyone may enter, or open them: chmod o+x PARENT"
        case .folderNotWritable(let folder, let errno):
            "The folder \(folder) for the database cannot be made (errno \(errno))."
        case .alreadyRunning(let folder):
            "Another PostgreSQL works in \(folder). Stop it first."
        case .initializationFailed(let folder, _):
            "The database in \(folder) could not be made by initdb."
        case .startFailed(let folder, _):
            "PostgreSQL could not be started in \(folder); see server.log there."
        }
    }

    package var debugDescription: String {
        switch self {
        case .initializationFailed(_, let text), .startFailed(_, let text):
            "\(description)\n\(text)"
        default: description
        }
    }
}
