/// Which events are asked for; all given conditions hold together.
package struct EventQuery: Sendable, Equatable {
    /// Only events of the app with this `clientId`; nil for those of all apps, which only commands
    /// may see.
    package var clientID: String?
    /// Only events about this user.
    package var subject: Identifier?
    /// Only events of one of these types; empty for all types.
    package var types: [String]
    /// Only events of this time or later.
    package var since: Timestamp?
    /// Only events before this time.
    package var before: Timestamp?

    /// Asks for all events that fulfil the conditions given.
    package init(
        clientID: String? = nil,
        subject: Identifier? = nil,
        types: [String] = [],
        since: Timestamp? = nil,
        before: Timestamp? = nil
    ) {
        self.clientID = clientID
        self.subject = subject
        self.types = types
        self.since = since
        self.before = before
    }

    /// Whether every event is asked for.
    package var isEmpty: Bool { self == EventQuery() }

    /// Whether all events of one user are asked for, so that none may be missing between others.
    package var isWholeSubject: Bool {
        subject != nil && self == EventQuery(clientID: clientID, subject: subject)
    }

    /// Whether an event fulfils every condition.
    package func matches(_ record: Record) -> Bool {
        // Texts are compared byte by byte, as PostgreSQL does: to Swift, é written in two ways is
        // the same.
        if let clientID, !clientID.utf8.elementsEqual(record.clientID.utf8) { return false }
        if let subject, subject != record.subject { return false }
        if let since, record.time < since { return false }
        if let before, record.time >= before { return false }
        guard !types.isEmpty else { return true }
        let type = "\(record.event.type)"
        return types.contains { $0.utf8.elementsEqual(type.utf8) }
    }
}
