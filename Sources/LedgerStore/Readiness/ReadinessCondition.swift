package import Ledger

/// Something that keeps a launch from being written and kept, or that somebody should look at.
///
/// Each has a code that stays, a sentence, and what to do next (docs/operator.md#is-it-well).
package enum ReadinessCondition: Sendable, Equatable {
    /// The database does not answer.
    case databaseUnavailable
    /// More waits for the database than can be served.
    case overloaded
    /// What is stored contradicts what was signed.
    case historyMismatch(Log, IntegrationAlarm)
    /// A pooler in between lends sessions of the server by the transaction or the statement.
    case sessionsShared
    /// The server is a standby, or its transactions only read.
    case readOnlyServer(isStandby: Bool)
    /// Triggers that keep the log append-only are missing, off, or not in their mode.
    case triggersLost([String])
    /// A commit is answered before it is on the disk.
    case synchronousCommitOff
    /// Nothing is forced to the disk.
    case fsyncOff
    /// A crash may leave half a page.
    case fullPageWritesOff
    /// A page that was damaged on the disk is not noticed.
    case dataChecksumsOff
    /// The role of the service may do more than append and read.
    case tooManyRights([String])
    /// The role of the service may not do what an append, or its checkpoint, needs.
    case rightsMissing([String])
    /// The disk of the server is full.
    case diskFull
    /// The server has used something else up: memory, connections, its own limits.
    case serverExhausted(sqlState: String)
    /// Another session keeps the log locked.
    case logLocked(holders: String)
    /// The server refuses an append, for a reason that has no name here.
    case appendRefused(sqlState: String)
    /// This copy wraps new keys with a root key that was changed.
    case rootKeyChanged
    /// Pairs of logs were added, and this copy knows those of before.
    case logsAdded
    /// An append has had no answer for long.
    case appendsStuck(seconds: Int64)
    /// Positions from here on were given out anew after they had been acknowledged.
    case eventsLost(Log, from: Int64)
    /// So many records came that the service did not write.
    case recordsForged(Log, count: Int64)
    /// Nothing is signed, for a reason that is no alarm.
    case checkpointsStopped(Log, seconds: Int64, why: String)
    /// Checkpoints wait for witnesses.
    case witnessesAway(Log, why: String)
    /// Answers of the provider wait on disk to be recorded, the oldest for so long.
    case answersWaiting(count: Int, seconds: Int64)
    /// The folder for such answers cannot be read.
    case spoolUnreadable
    /// So many of those who are listed as erased are in the database: it was restored from before.
    case erasuresUndone(count: Int)
    /// The folder that lists who was erased cannot be read.
    case erasuresUnreadable
    /// Somebody was erased and cannot be listed.
    case erasuresUnlisted
    /// The maps of current states have not followed their log of facts for long.
    case mapBehind(Log, positions: Int64, seconds: Int64, why: String)
    /// The maps have other roots than somebody stated at this size of their log of facts.
    case mapDiffers(Log, size: Int64)
    /// The service is ending; what has begun is still finished.
    case shuttingDown
    /// What is so in one of several databases, which is named by its pairs of logs; `isFirst` where it is the one
    /// of apps and keys, without which nobody is served.
    indirect case inDatabase(String, isFirst: Bool, ReadinessCondition)

    /// How much a condition matters.
    package enum Severity: String, Sendable {
        /// The service is not ready.
        case blocking
        /// The service is ready; somebody should look.
        case warning
    }

    /// Whether it is about how the server is set up rather than about this moment: `serve` refuses
    /// to start on such a server unless told to accept it.
    package var isUnsafeServer: Bool {
        switch self {
        case .readOnlyServer, .triggersLost, .synchronousCommitOff, .fsyncOff,
            .fullPageWritesOff, .tooManyRights:
            true
        case .inDatabase(_, _, let condition): condition.isUnsafeServer
        default: false
        }
    }

    /// Whether it says that a database cannot be used now, and nothing of what is stored there.
    private var isOfTheMoment: Bool {
        switch self {
        case .databaseUnavailable, .overloaded, .sessionsShared, .diskFull, .serverExhausted,
            .logLocked, .appendRefused, .appendsStuck, .checkpointsStopped:
            true
        case .readOnlyServer(let isStandby): isStandby
        default: false
        }
    }

    /// How long answers may wait on disk before something is wrong (docs/threats.md#step-c).
    static let answersWaitSecondsMax: Int64 = 30

    /// How much it matters; on a server that was accepted as it is, what only makes loss or abuse
    /// easier is a warning.
    package func severity(acceptsUnsafeServer: Bool) -> Severity {
        switch self {
        case .dataChecksumsOff, .recordsForged, .witnessesAway, .erasuresUnlisted, .mapBehind,
            .mapDiffers:
            .warning
        case .answersWaiting(_, let seconds):
            seconds < Self.answersWaitSecondsMax ? .warning : .blocking
        case .triggersLost, .fsyncOff, .fullPageWritesOff, .tooManyRights:
            acceptsUnsafeServer ? .warning : .blocking
        // The users of the others are served, which a copy that is not ready would keep from it.
        case .inDatabase(_, isFirst: false, let condition) where condition.isOfTheMoment: .warning
        case .inDatabase(_, _, let condition):
            condition.severity(acceptsUnsafeServer: acceptsUnsafeServer)
        default: .blocking
        }
    }
}
