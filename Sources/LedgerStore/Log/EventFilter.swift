package import Ledger
internal import Postgres

/// Which events a list or an export shows.
///
/// All given conditions hold together.
package struct EventFilter: Sendable, Equatable {
    /// Only events of this app; nil for those of all apps, which only commands may see.
    package var app: Identifier?
    /// Only events about this user.
    package var subject: Identifier?
    /// Only events of one of these types; empty for all types.
    package var types: [String] = []
    /// Only events recorded at this time or later.
    package var since: Timestamp?
    /// Only events recorded before this time.
    package var until: Timestamp?

    /// All events of an app, or of all apps.
    package init(app: Identifier?) {
        self.app = app
    }

    /// The types as the statements want them: NULL for all.
    var typesParameter: PostgresParameter {
        types.isEmpty ? .null(.textArray) : .textArray(types)
    }
}
