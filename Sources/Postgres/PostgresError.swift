/// What went wrong between this program and PostgreSQL.
///
/// `description` may be shown to anyone: it names the code, the statement, the constraint and
/// the table. The server's primary message can quote values, so it stands in
/// `debugDescription` alone. The server's DETAIL and HINT, which quote whole rows, are never read.
package struct PostgresError: Error, Equatable {
    /// The kinds of failure a caller can tell apart.
    package enum Code: Sendable, Hashable {
        /// There is no connection, and the statement was not sent.
        case connectionFailed
        /// The statement was sent, and no answer tells for certain what became of it.
        case outcomeUnknown
        /// The task was cancelled; the server did not carry out the statement.
        case cancelled
        /// The server gave up after `statement_timeout` or `lock_timeout`.
        case timedOut
        /// Too many tasks wait for a connection, or this one waited too long.
        case poolExhausted
        /// The server refused the statement; nothing of it was carried out.
        case server(SQLState)
        /// A value is NULL, or not of the type that was asked for.
        case decodingFailed
    }

    /// The kind of failure.
    package let code: Code
    /// The name of the statement, or nil when no statement was involved.
    package let statementName: String?
    /// The constraint that was violated, as the server names it.
    package let constraint: String?
    /// The table concerned, as the server names it.
    package let table: String?
    /// The session that may still be at work on the statement, when the outcome is unknown.
    package let session: ServerSession?
    /// The primary message, which can quote values.
    private let message: String?

    /// A column that holds another value than its reader takes; `message` says which.
    package static func decodingFailed(_ message: String) -> PostgresError {
        PostgresError(.decodingFailed, message: message)
    }

    /// An answer that says less than its reader must know; `message` says what.
    package static func outcomeUnknown(_ message: String) -> PostgresError {
        PostgresError(.outcomeUnknown, message: message)
    }

    init(
        _ code: Code,
        statementName: String? = nil,
        constraint: String? = nil,
        table: String? = nil,
        session: ServerSession? = nil,
        message: String? = nil
    ) {
        self.code = code
        self.statementName = statementName
        self.constraint = constraint
        self.table = table
        self.session = session
        self.message = message
    }

    /// The condition the server reported, when it reported one.
    package var sqlState: SQLState? {
        guard case .server(let state) = code else { return nil }
        return state
    }

    /// The same report of the server under another code.
    func recoded(_ code: Code) -> PostgresError {
        PostgresError(
            code,
            statementName: statementName,
            constraint: constraint,
            table: table,
            session: session,
            message: message
        )
    }

    /// The same failure, with the statement it belongs to.
    func named(_ statementName: String) -> PostgresError {
        PostgresError(
            code,
            statementName: self.statementName ?? statementName,
            constraint: constraint,
            table: table,
            session: session,
            message: message
        )
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        var text = "PostgreSQL: \(code.description)"
        if let statementName { text += " in \(statementName)" }
        if let constraint { text += ", constraint \(constraint)" }
        if let table { text += ", table \(table)" }
        return text
    }

    package var debugDescription: String {
        guard let message else { return description }
        return "\(description): \(message)"
    }

    package var customMirror: Mirror { Mirror(self, children: ["code": code]) }
}

extension PostgresError.Code: CustomStringConvertible {
    package var description: String {
        switch self {
        case .connectionFailed: "connection failed"
        case .outcomeUnknown: "outcome unknown"
        case .cancelled: "cancelled"
        case .timedOut: "timed out"
        case .poolExhausted: "no connection free"
        case .server(let state): "SQLSTATE \(state)"
        case .decodingFailed: "unexpected value"
        }
    }
}
