/// The five letters by which PostgreSQL names a condition (PostgreSQL manual, appendix A).
package struct SQLState: RawRepresentable, Sendable, Hashable {
    /// The five letters, for example `23505`.
    package let rawValue: String

    /// Names a condition by its five letters.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The first two letters, which name the class of the condition.
    package var classCode: String { String(rawValue.prefix(2)) }

    /// A unique key is already taken.
    package static let uniqueViolation = SQLState(rawValue: "23505")
    /// A row breaks a check constraint.
    package static let checkViolation = SQLState(rawValue: "23514")
    /// The role may not do this.
    package static let insufficientPrivilege = SQLState(rawValue: "42501")
    /// The server's disk is full.
    package static let diskFull = SQLState(rawValue: "53100")
    /// A write was tried in a transaction, or on a server, that only reads.
    package static let readOnly = SQLState(rawValue: "25006")
    /// A table, view or index of that name is not there.
    package static let undefinedTable = SQLState(rawValue: "42P01")
    /// A schema of that name is not there.
    package static let undefinedSchema = SQLState(rawValue: "3F000")
    /// A role, or something else that has no code of its own, is not there.
    package static let undefinedObject = SQLState(rawValue: "42704")
    /// A function of that name and those argument types is not there.
    package static let undefinedFunction = SQLState(rawValue: "42883")
    /// The server does not offer this, or a prepared plan no longer fits the schema.
    package static let featureNotSupported = SQLState(rawValue: "0A000")
    /// A prepared statement of that name is not there.
    package static let undefinedPreparedStatement = SQLState(rawValue: "26000")
    /// The statement was cancelled, by a request or by `statement_timeout`.
    package static let queryCanceled = SQLState(rawValue: "57014")
    /// A lock was not free, or not within `lock_timeout`.
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    /// An administrator, or the server's shutdown, ended the connection.
    package static let adminShutdown = SQLState(rawValue: "57P01")
    /// Another process of the server crashed and took the connection with it.
    package static let crashShutdown = SQLState(rawValue: "57P02")
    /// The server is starting up, shutting down or recovering.
    package static let cannotConnectNow = SQLState(rawValue: "57P03")

    /// Whether the server ends the connection with this condition.
    var endsConnection: Bool {
        self == .adminShutdown || self == .crashShutdown || self == .cannotConnectNow
            || classCode == "08"
    }

    /// Whether what this connection has prepared may no longer be used.
    var spoilsPreparedStatements: Bool {
        self == .featureNotSupported || self == .undefinedPreparedStatement
    }
}

extension SQLState: CustomStringConvertible {
    package var description: String { rawValue }
}
