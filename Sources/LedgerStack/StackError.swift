/// Why a service cannot be assembled or run here, in a sentence for the person at the terminal.
package enum StackError: Error, Equatable, CustomStringConvertible {
    /// A folder could not be made.
    case folderNotMade(String)
    /// A file could not be written.
    case fileNotWritten(String)
    /// Answers of the provider could not be kept in this folder.
    case spoolUnusable(folder: String)
    /// An app that was just added is not there.
    case notRegistered(clientID: String)
    /// Nothing is free among the ports that are tried.
    case noFreePort(host: String)
    /// Another program listens at the port of this server.
    case portTaken(server: String)
    /// The host at which this server shall listen is no address of this machine.
    case hostIsElsewhere(server: String)
    /// A call has no answer in time, or one that is too long.
    case noAnswer
    /// The work ended by SIGTERM or SIGINT before it was done.
    case interrupted

    package var description: String {
        switch self {
        case .folderNotMade(let path): "The folder \(path) cannot be made."
        case .fileNotWritten(let path): "The file \(path) cannot be written."
        case .spoolUnusable(let folder):
            """
            Nothing can be written to the spool folder \(folder), which keeps the provider's answers \
            while the database is away: name another one with --spool-folder \
            (TOKEN_LEDGER_SPOOL_FOLDER).
            """
        case .notRegistered(let clientID): "The app \(clientID) could not be registered."
        case .noFreePort(let host): "No free port was found on \(host)."
        case .portTaken(let server):
            "The port for \(server) is taken by another program; choose another one."
        case .hostIsElsewhere(let server):
            "The host for \(server) is no address of this machine."
        case .noAnswer: "There is no answer in time, or it is too long."
        case .interrupted: "Interrupted before it was done."
        }
    }
}
