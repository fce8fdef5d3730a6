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
    /// The session's role is not the one that logged in.
    ///
    /// The server has no such complaint; we have.
    package static let otherRole = SQLState(rawValue: "0P000")
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
    /// A prepared statement of that name is there already.
    package static let duplicatePreparedStatement = SQLState(rawValue: "42P05")
    /// A prepared statement of that name is not there.
    package static let undefinedPreparedStatement = SQLState(rawValue: "26000")
    /// The statement was cancelled, by a request or by `statement_timeout`.
    package static let queryCanceled = SQLState(rawValue: "57014")
    /// A lock was not free, or not within `lock_timeout`.
    package static let lockNotAvailable = SQLState(rawValue: "55P03")

    /// Whether the server rolled a transaction back for the sake of another one (deadlock, failure to
    /// serialize): the same may work a moment later.
    package var isRollback: Bool { classCode == "40" && !leavesOutcomeOpen }

    /// Whether the statement may have been carried out although it was answered with this.
    ///
    /// Conditions of class 08 come from whoever stands between us and the server. Those that end
    /// sessions can be met at any moment, also after the commit.
    var leavesOutcomeOpen: Bool {
        classCode == "08" || rawValue.hasPrefix("57P") || rawValue == "40003"
    }

    /// Whether what this connection has prepared may no longer be used.
    var spoilsPreparedStatements: Bool {
        [.featureNotSupported, .undefinedPreparedStatement, .duplicatePreparedStatement]
            .contains(self)
    }
}

extension SQLState: CustomStringConvertible {
    package var description: String { rawValue }
}
