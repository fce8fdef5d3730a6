package import Ledger
internal import Wire

/// Which events an export has; a condition that is absent holds for every event.
package struct ExportQuery: Sendable, Equatable {
    /// Events of this app.
    package var clientID: String?
    /// Events of this user.
    package var subject: Identifier?
    /// Events of one of these types; empty means all.
    package var types: [String]
    /// Events of this moment and later.
    package var since: Timestamp?
    /// Events before this moment.
    package var until: Timestamp?

    package init(
        clientID: String? = nil,
        subject: Identifier? = nil,
        types: [String] = [],
        since: Timestamp? = nil,
        until: Timestamp? = nil
    ) {
        self.clientID = clientID
        self.subject = subject
        self.types = types
        self.since = since
        self.until = until
    }

    /// Whether every event is asked for.
    package var isEmpty: Bool {
        clientID == nil && subject == nil && types.isEmpty && since == nil && until == nil
    }

    /// Whether all events of one user are asked for, so that none may be missing between others.
    var isWholeSubject: Bool {
        subject != nil && types.isEmpty && since == nil && until == nil
    }

    /// Whether an event fulfils every condition.
    package func matches(_ record: Record) -> Bool {
        if let clientID, !clientID.utf8.elementsEqual(record.clientID.utf8) { return false }
        if let subject, subject != record.subject { return false }
        if let since, record.time < since { return false }
        if let until, record.time >= until { return false }
        guard !types.isEmpty else { return true }
        let type = "\(record.event.type)"
        return types.contains { $0.utf8.elementsEqual(type.utf8) }
    }
}

extension ExportQuery {
    /// Writes the conditions as an object.
    func write(to writer: inout JSONWriter) {
        writer.open()
        if let clientID { writer.member("client_id", clientID) }
        if let subject { writer.member("subject", subject) }
        if !types.isEmpty { writer.member("types", types) }
        if let since { writer.member("since", since) }
        if let until { writer.member("until", until) }
        writer.close()
    }

    /// Reads what `write` writes.
    init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("{")
        var isFirst = true
        self.init()
        if reader.next("client_id", &isFirst) { clientID = try reader.string() }
        if reader.next("subject", &isFirst) { subject = try reader.identifier() }
        if reader.next("types", &isFirst) { types = try reader.strings() }
        if reader.next("since", &isFirst) { since = try reader.recordTime() }
        if reader.next("until", &isFirst) { until = try reader.recordTime() }
        try reader.literal("}")
    }
}
