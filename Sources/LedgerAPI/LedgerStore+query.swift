internal import Ledger
internal import LedgerStore

/// What the query of a list, an export or a follow asks for, where the store must say what it means.
extension LedgerStore {
    /// Which logs a query names: what happened to users, or who read what; or one of those alone.
    func logChoice(_ query: Query) throws(LedgerError) -> LogChoice {
        try logChoice(query["log"], among: [.facts, .access])
    }

    /// Which logs of these kinds somebody names, the facts unless named.
    func logChoice(_ name: String?, among kinds: [Log.Kind]) throws(LedgerError) -> LogChoice {
        guard let choice = LogChoice(name: name ?? Log.facts.name), kinds.contains(choice.kind),
            logs.contains(choice.log)
        else { throw .malformed("log must be \(logs.names(kinds)).") }
        return choice
    }

    /// The one log that a query is about.
    func log(_ query: Query) throws(LedgerError) -> Log { try logChoice(query).log }

    /// Where the cursor of a query goes on in some logs; nil where it has none.
    ///
    /// A cursor of several logs says what stands where it was made: of another list it is none.
    func places(
        _ query: Query,
        _ kind: Cursor.Kind,
        in logs: [Log]
    ) async throws -> LogPlaces? {
        guard let text = query["cursor"] else { return nil }
        guard let places = kept(in: logs.count, { Cursor.decode(text, kind: kind, logs: $0) }),
            try await has(places, in: logs)
        else { throw LedgerError.malformed("The cursor is not one of this list.") }
        return places
    }

    /// Where a list of the console goes on, as its address says; nil where it says nothing.
    func places(before text: String?, in logs: [Log]) async throws -> LogPlaces? {
        guard let text else { return nil }
        guard let places = kept(in: logs.count, { LogPlaces(shown: text, count: $0) }),
            try await has(places, in: logs)
        else { throw LedgerError.malformed("before must be a position, 0 or greater.") }
        return places
    }

    /// The cursor with which a list of some logs goes on.
    func cursor(
        _ places: LogPlaces,
        _ kind: Cursor.Kind,
        in logs: [Log]
    ) async throws(StoreError) -> String {
        Cursor.encode(logs.count == 1 ? places : try await known(places, in: logs), kind: kind)
    }

    /// The same where only trees are asked for, which the log of maps has, too.
    func signedLog(_ query: Query) throws(LedgerError) -> Log {
        try logChoice(query["log"], among: Log.Kind.allCases).log
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

    /// Where to begin in some logs: at a position, or after the last event that the caller has got; nil where
    /// the query does not say.
    ///
    /// Of several logs one number, or one event, names no place but the beginning.
    func start(_ query: Query, of app: StoredApp, _ logs: [Log]) async throws -> LogPlaces? {
        let position = try query.position("from_position")
        guard let text = query["after"] else {
            guard let position else { return nil }
            guard logs.count == 1 || position == 0 else {
                throw LedgerError.malformed(
                    "from_position must be 0, or log must name one of the logs, as \(logs[0].ownName)."
                )
            }
            return LogPlaces(logs.map { _ in LogPlaces.Reached(next: position) })
        }
        guard position == nil else {
            throw LedgerError.malformed("from_position and after exclude each other.")
        }
        guard logs.count == 1 else {
            throw LedgerError.malformed(
                "after is for one log: log must name it, as \(logs[0].ownName)."
            )
        }
        guard let id = Identifier(text), let event = try await event(named: id),
            event.app == app.id, event.log == logs[0]
        else { throw LedgerError.malformed("after must be the id of an event of this log.") }
        return LogPlaces([LogPlaces.Reached(next: event.position + 1)])
    }
}
