internal import Ledger
internal import LedgerStore

/// What the query of a list, an export or a follow asks for, where the store must say what it means.
extension LedgerStore {
    /// Which log a query names: what happened to users, or who read what.
    func log(_ query: Query) throws(LedgerError) -> Log {
        guard let log = Log(name: query["log"] ?? Log.facts.name), log.kind != .map,
            logs.contains(log)
        else {
            throw .malformed("log must be \"facts\" or \"access\".")
        }
        return log
    }

    /// The same where only trees are asked for, which the log of maps has, too.
    func signedLog(_ query: Query) throws(LedgerError) -> Log {
        guard let log = Log(name: query["log"] ?? Log.facts.name), logs.contains(log) else {
            throw .malformed("log must be \"facts\", \"access\" or \"map\".")
        }
        return log
    }

    /// Which events of an app are asked for; the user may be named by the app's own id.
    func eventQuery(_ query: Query, of app: StoredApp) async throws -> EventQuery {
        var events = try query.eventQuery(of: app)
        guard let text = query["user"] else { return events }
        guard query["subject"] == nil else {
            throw LedgerError.malformed("subject and user exclude each other.")
        }
        guard let user = try await user(try ClientUserID.parse(text), of: app) else {
            throw LedgerError.notConnected
        }
        events.subject = user.subject
        return events
    }

    /// Where to begin: at a position, or after the last event that the caller has got; nil where the
    /// query does not say.
    func start(_ query: Query, of app: StoredApp, _ log: Log) async throws -> Int64? {
        let position = try query.position("from_position")
        guard let text = query["after"] else { return position }
        guard position == nil else {
            throw LedgerError.malformed("from_position and after exclude each other.")
        }
        guard let id = Identifier(text), let event = try await event(id: id),
            event.app == app.id, event.log == log
        else { throw LedgerError.malformed("after must be the id of an event of this log.") }
        return event.position + 1
    }
}
