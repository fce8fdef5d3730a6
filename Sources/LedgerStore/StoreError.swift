internal import Ledger
package import Postgres

/// Why the store could not do what it was asked.
package enum StoreError: Error, Equatable {
    /// The database is away or does not answer in time. Nothing was written; try again later.
    case unavailable
    /// More waits than can be served within the limits. Nothing was written; try again later.
    case overloaded
    /// The answer of a commit was lost and could not be settled in time.
    case outcomeUnknown
    /// The user changed again and again while we decided. Nothing was written.
    case conflict
    /// The user was erased. Nothing was written.
    case erased
    /// The value of a token that was replaced was dropped after its app's grace.
    case dropped
    /// What was asked for was moved out of the database.
    case cold(ColdPlace)
    /// What is stored does not fit together: a value that does not open, bytes that are not a
    /// record.
    case damaged(Damage)
    /// The database refused a statement that it should take: a defect or a wrong schema.
    case refused(SQLState)
    /// Something failed that nobody thought of: a defect of the program, which says nothing about
    /// what is stored.
    case defect

    /// What was found damaged.
    package enum Damage: String, Sendable {
        /// A sealed value does not open under its subject's key.
        case value
        /// A token does not have the fingerprint that the log names.
        case fingerprint
        /// A tile of the tree is missing or malformed.
        case tile
        /// A record is not one that we would write.
        case record
        /// A projection row is not one that we would write.
        case state
    }

    /// Sorts whatever was thrown.
    package init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as PostgresError: self.init(error)
        case is CancellationError: self = .unavailable
        default: self = .defect
        }
    }

    /// Sorts an error of the database.
    init(_ error: PostgresError) {
        switch error.code {
        case .connectionFailed, .cancelled, .timedOut: self = .unavailable
        case .poolExhausted: self = .overloaded
        case .outcomeUnknown: self = .outcomeUnknown
        case .decodingFailed: self = .defect
        case .server(let state): self.init(state: state)
        }
    }

    /// Sorts what the server reported.
    init(state: SQLState) {
        switch state.classCode {
        // About the server's own state, not about our statement.
        case "08", "53", "57", "58": self = .unavailable
        // Rolled back for the sake of others, again and again.
        case "40": self = .overloaded
        default: self = Self.unsafeServer.contains(state) ? .unavailable : .refused(state)
        }
    }

    /// A server that only reads, or on which `ledger.append_events` refuses to work, or whose sessions
    /// a pooler has lent to others meanwhile.
    private static let unsafeServer: Set<SQLState> = [
        .undefinedPreparedStatement, .duplicatePreparedStatement, .readOnly,
        SQLState(rawValue: "LG002"), SQLState(rawValue: "LG008"),
        // This copy of the service wraps with a root key of before: another one may not.
        .rootKeyChanged,
        // This copy knows fewer logs than there are: another one may not.
        .logsChanged,
    ]

    /// Whether the same may work a moment later.
    package var isPassing: Bool {
        switch self {
        case .unavailable, .overloaded, .outcomeUnknown, .conflict: true
        case .erased, .dropped, .cold, .damaged, .refused, .defect: false
        }
    }
}

extension StoreError: CustomStringConvertible {
    /// A sentence for the person at the terminal, and for the log.
    package var description: String {
        switch self {
        case .unavailable: "the database does not answer, or only reads; nothing was written"
        case .overloaded: "too many wait for the database; nothing was written"
        case .outcomeUnknown: "the answer of the database was lost; whether it wrote is not known"
        case .conflict: "the user changed again and again meanwhile; nothing was written"
        case .erased: "the user was erased; nothing was written"
        case .dropped: "the token was replaced, and its value dropped since"
        case .cold(let place): "\(place)"
        case .damaged(let damage): "what is stored does not fit together (\(damage.rawValue))"
        case .refused(.insufficientPrivilege):
            "the role of the connection string may not do this (SQLSTATE 42501)"
        case .refused(let state): "the database refuses it (SQLSTATE \(state))"
        case .defect: "something failed that nobody thought of: a defect of the program"
        }
    }
}

extension SQLState {
    /// What an append says to a new key under a root key that was changed.
    static let rootKeyChanged = SQLState(rawValue: "LG010")
    /// What it says when somebody else got a token that nobody else may hold.
    static let tokenTaken = SQLState(rawValue: "LG012")
    /// What a session is told that knows other logs than there are.
    static let logsChanged = SQLState(rawValue: "LG013")
}
