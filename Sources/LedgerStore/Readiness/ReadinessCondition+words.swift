internal import Ledger

extension ReadinessCondition {
    /// Programs switch on it; it never changes.
    package var code: String {
        switch self {
        case .databaseUnavailable: "database_unavailable"
        case .overloaded: "overloaded"
        case .historyMismatch: "history_mismatch"
        case .sessionsShared: "sessions_shared"
        case .readOnlyServer: "read_only_server"
        case .triggersLost: "triggers_lost"
        case .synchronousCommitOff: "synchronous_commit_off"
        case .fsyncOff: "fsync_off"
        case .fullPageWritesOff: "full_page_writes_off"
        case .dataChecksumsOff: "data_checksums_off"
        case .tooManyRights: "too_many_rights"
        case .rightsMissing: "rights_missing"
        case .diskFull: "disk_full"
        case .serverExhausted: "server_exhausted"
        case .logLocked: "log_locked"
        case .appendRefused: "append_refused"
        case .rootKeyChanged: "root_key_changed"
        case .logsAdded: "logs_added"
        case .appendsStuck: "appends_stuck"
        case .eventsLost: "events_lost"
        case .recordsForged: "records_forged"
        case .checkpointsStopped: "checkpoints_stopped"
        case .witnessesAway: "witnesses_away"
        case .answersWaiting: "answers_waiting"
        case .spoolUnreadable: "spool_unreadable"
        case .erasuresUndone: "erasures_undone"
        case .erasuresUnreadable: "erasures_unreadable"
        case .erasuresUnlisted: "erasures_unlisted"
        case .mapBehind: "map_behind"
        case .mapDiffers: "map_differs"
        case .shuttingDown: "shutting_down"
        case .inDatabase(_, _, let condition): condition.code
        }
    }

    /// All codes that there are, in the order of `openapi.yaml`.
    static let codes = [
        "database_unavailable", "overloaded", "history_mismatch", "sessions_shared",
        "read_only_server", "triggers_lost", "synchronous_commit_off", "fsync_off",
        "full_page_writes_off", "data_checksums_off", "too_many_rights", "rights_missing",
        "disk_full", "server_exhausted", "log_locked", "append_refused", "root_key_changed",
        "logs_added",
        "erasures_undone", "erasures_unreadable", "erasures_unlisted", "appends_stuck",
        "events_lost", "records_forged", "checkpoints_stopped", "witnesses_away", "answers_waiting",
        "spool_unreadable", "map_behind", "map_differs", "shutting_down",
    ]

    /// What is wrong, for people.
    package var sentence: String {
        switch self {
        case .databaseUnavailable: "The database does not answer."
        case .overloaded: "Too many requests wait for the database."
        case .historyMismatch(let log, let alarm):
            "Nothing is signed any more for the log of \(log.name): \(alarm)."
        case .sessionsShared:
            "A pooler (such as PgBouncer in transaction or statement mode) lends the sessions of the "
                + "database to several connections in turn."
        case .readOnlyServer(isStandby: true): "The database server is a standby, which only reads."
        case .readOnlyServer(isStandby: false): "The database's transactions only read."
        case .triggersLost(let names):
            "Triggers that keep the log append-only are missing, off, or not always on: "
                + "\(names.joined(separator: ", "))."
        case .synchronousCommitOff:
            "synchronous_commit is off: a crash loses events that were acknowledged."
        case .fsyncOff: "fsync is off: a power cut may destroy the database."
        case .fullPageWritesOff: "full_page_writes is off: a power cut may leave half a page."
        case .dataChecksumsOff:
            "The cluster has no data checksums: a page that the disk damaged is not noticed."
        case .tooManyRights(let rights):
            "The service's role has rights that it must not have: "
                + "\(rights.joined(separator: ", "))."
        case .rightsMissing(let names):
            "The service's role may not use \(names.joined(separator: ", "))."
        case .diskFull: "The disk of the database server is full."
        case .serverExhausted(let state):
            "The database server has used up one of its resources (SQLSTATE \(state))."
        case .logLocked(let holders): "Another session keeps the log locked: \(holders)."
        case .appendRefused(let state): "The database refuses to append (SQLSTATE \(state))."
        case .rootKeyChanged:
            "The root key was changed, and this copy of the service wraps with the one of before."
        case .logsAdded: "Logs were added, and this copy of the service knows only those of before."
        case .appendsStuck(let seconds): "An append has had no answer for \(seconds) seconds."
        case .recordsForged(let log, let count):
            "Of the log of \(log.name) \(count) new records were not written by the service: somebody "
                + "has its password and its secret, or the rights of the owner."
        case .checkpointsStopped(let log, let seconds, let why):
            "Nothing was signed for the log of \(log.name) in the last \(seconds) seconds: \(why)."
        case .witnessesAway(let log, let why):
            "The checkpoint of the log of \(log.name) waits: \(why)."
        case .eventsLost(let log, let position):
            "The database has lost acknowledged events of the log of \(log.name), from position "
                + "\(position) on."
        case .answersWaiting(let count, let seconds):
            "\(count) of the provider's answers wait on disk to be recorded, the oldest for "
                + "\(seconds) s."
        case .spoolUnreadable: "The folder for the provider's answers cannot be read."
        case .erasuresUndone(let count):
            "\(count) users who were erased are in the database again: an older one was restored."
        case .erasuresUnreadable: "The folder that lists who was erased cannot be read."
        case .erasuresUnlisted: "The folder that lists who was erased cannot be completed."
        case .mapBehind(let log, let positions, let seconds, let why):
            "What is current cannot be proved of the last \(positions) positions of the log of "
                + "\(log.name), since \(seconds) seconds: \(why)."
        case .mapDiffers(let log, let size):
            "For the first \(size) records of the log of \(log.name) another root of the map of current "
                + "states was stated than the one that they have here."
        case .shuttingDown: "The service is ending."
        case .inDatabase(let part, _, let condition):
            "In the database of \(part): \(condition.sentence)"
        }
    }

    /// What to do next.
    package var nextStep: String {
        switch self {
        case .databaseUnavailable:
            "See that PostgreSQL runs and can be reached; the service connects again by itself."
        case .overloaded: "Wait; if it lasts, see what keeps the database busy."
        case .historyMismatch(_, .behind), .historyMismatch(_, .lostCheckpoint),
            .historyMismatch(_, .differentRoot), .historyMismatch(_, .witnessRefused):
            "token-ledger restore check says which events are missing; after a failover bring back "
                + "the server, or the write-ahead log, that has them, and start the service anew "
                + "(docs/availability.md)."
        case .historyMismatch:
            "Find out with token-ledger verify what was changed, restore what is right, and start "
                + "the service anew."
        case .sessionsShared:
            "Set pool_mode = session in PgBouncer for this database and this role, or connect to "
                + "PostgreSQL itself."
        case .readOnlyServer(isStandby: true):
            "Name the primary in the connection string, or all hosts with "
                + "target_session_attrs=read-write."
        case .readOnlyServer(isStandby: false):
            "Remove default_transaction_read_only from the server, the database and the role."
        case .triggersLost:
            "As the owner: alter table … enable always trigger …; then run token-ledger verify, "
                + "for the log could be changed meanwhile."
        case .synchronousCommitOff:
            "Set synchronous_commit = on for the server, the database and the role."
        case .fsyncOff: "Set fsync = on, and restart the server."
        case .fullPageWritesOff: "Set full_page_writes = on, and reload the server."
        case .dataChecksumsOff: "Stop the server once and run pg_checksums --enable."
        case .tooManyRights:
            "Give the service a role of its own that is a member of token_ledger_service only."
        case .rightsMissing: "Run token-ledger migrate --grant-to with the role, as the owner."
        case .diskFull: "Make room; nothing that was acknowledged is lost."
        case .serverExhausted: "See the server's log, and give it more of what it lacks."
        case .logLocked:
            "See what this session does, and end it with pg_terminate_backend; one of the service's "
                + "own role is ended by the service after 10 s."
        case .appendRefused: "See the service's log and the server's."
        case .rootKeyChanged:
            "Start it with the new root key as the current one: docs/operator.md, "
                + "\"Changing the root key\"."
        case .logsAdded: "Start it anew (docs/sizing.md)."
        case .appendsStuck: "See whether the server, its disk or its standby hangs."
        case .eventsLost:
            "It is another database, or an older state of the same: find out which one is right, "
                + "and start the service anew."
        case .recordsForged:
            "Change the passwords; token-ledger verify names the records, and projection rebuild "
                + "mends the users they are about."
        case .checkpointsStopped:
            "Remove the cause; the service goes on by itself, and no event is lost."
        case .witnessesAway: "Ask the operators of the witnesses; events are written meanwhile."
        case .answersWaiting:
            "See why the database takes nothing; keep this copy and its spool folder until then."
        case .spoolUnreadable: "See to the rights of the spool folder and to its disk."
        case .erasuresUndone:
            "Run token-ledger user erase --from with the folder that lists them."
        case .erasuresUnreadable, .erasuresUnlisted:
            "See to the rights of the erasure folder and to its disk."
        case .mapBehind:
            "See the service's log; launches and reads go on, and so does the map by itself."
        case .mapDiffers:
            "Run token-ledger verify: it says which of the two is what the log gives."
        case .shuttingDown: "Send requests to another copy of the service."
        case .inDatabase(_, _, let condition): condition.nextStep
        }
    }
}
