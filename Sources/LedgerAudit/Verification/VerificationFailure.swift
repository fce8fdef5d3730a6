package import Ledger

/// Why a fold or a check cannot go on.
package enum VerificationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The bytes at this position are not a record, or not the next one of their subject.
    case unreadable(logID: Int32, position: Int64)
    /// There is no sound checkpoint of this size to resume from.
    case noCheckpoint(logID: Int32, size: Int64)
    /// The tiles below the checkpoint of this size are not all there.
    case missingTiles(logID: Int32, size: Int64)
    /// The database has keys of its own, and no root key was given to open them.
    case rootKeyMissing
    /// A key of the database's own is missing or does not open.
    case keysMissing
    /// The service folded problems faster, again and again, than their rows could be made anew.
    case problemsMove
    /// The key is not one of this deployment's logs.
    case noLog(Int32)
    /// There are several logs of the kind whose checkpoint is meant.
    case severalLogs(Log)

    package var description: String {
        switch self {
        case .unreadable(let logID, let position):
            "the record at position \(position) of log \(Log.name(id: logID)) cannot be folded"
        case .noCheckpoint(let logID, let size):
            "log \(Log.name(id: logID)) has no sound checkpoint of size \(size) to go on from"
        case .missingTiles(let logID, let size):
            "log \(Log.name(id: logID)) lacks tiles below size \(size): verify from the beginning"
        case .rootKeyMissing:
            "the root key is needed: without it nobody can tell which records the service wrote"
        case .keysMissing:
            "a key of the deployment is missing or does not open: token-ledger verify says which"
        case .problemsMove: "the service was faster again and again: try again later"
        case .severalLogs(let log):
            "there are several logs of \(log.name): say which, such as \(log.ownName):131072"
        case .noLog(let logID): "there is no log \(Log.name(id: logID))"
        }
    }
}
