internal import Wire

/// One event with its envelope: a CloudEvents 1.0 event in structured JSON mode, on one line.
///
/// `encoded()` is called once per event, by the writer. Its bytes are what is stored, hashed
/// and exported; nothing re-serialises them (docs/design.md#records).
package struct Record: Sendable, Equatable {
    /// CloudEvents `id`; unique in the log.
    package let id: Identifier
    /// The app's `clientId`; CloudEvents `source` is `/apps/{clientId}`.
    package let clientID: String
    /// The pseudonym of the user; absent for administration.
    package let subject: Identifier?
    /// When the service composed the record.
    ///
    /// Advisory: order is by position.
    package let time: Timestamp
    /// Place among the subject's events, from 1; absent where a subject's events are not counted.
    package let subjectVersion: Int64?
    /// Who made it happen: `key:<id>`, `launch` (a one-time launch token), `service`, `operator`.
    package let actor: String
    /// The event that led to this one.
    package let causedBy: Identifier?
    /// The HTTP request that led to this one.
    package let requestID: String?
    /// The W3C trace context of that request.
    package let traceparent: String?
    package let event: LedgerEvent

    package init(
        id: Identifier,
        clientID: String,
        subject: Identifier?,
        time: Timestamp,
        subjectVersion: Int64?,
        context: RecordContext,
        event: LedgerEvent
    ) {
        self.id = id
        self.clientID = clientID
        self.subject = subject
        self.time = time
        self.subjectVersion = subjectVersion
        self.actor = context.actor
        self.causedBy = context.causedBy
        self.requestID = context.requestID
        self.traceparent = context.traceparent
        self.event = event
    }
}

/// On whose behalf a record is written.
package struct RecordContext: Sendable, Equatable {
    package var actor: String
    package var causedBy: Identifier?
    package var requestID: String?
    package var traceparent: String?

    package init(
        actor: String,
        causedBy: Identifier? = nil,
        requestID: String? = nil,
        traceparent: String? = nil
    ) {
        self.actor = actor
        self.causedBy = causedBy
        self.requestID = requestID
        self.traceparent = traceparent
    }

    /// On behalf of the holder of an API key.
    package init(keyID: String, requestID: String, traceparent: String?) {
        self.init(
            actor: Self.keyPrefix + keyID,
            requestID: requestID,
            traceparent: traceparent
        )
    }

    private static let keyPrefix = "key:"

    /// To whom a value is handed out: the id of an API key, or else the actor's own word.
    package var receiver: String {
        actor.hasPrefix(Self.keyPrefix) ? String(actor.dropFirst(Self.keyPrefix.count)) : actor
    }
}

extension Record {
    /// The record's bytes, without a line end.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("specversion", "1.0")
        writer.member("id", id)
        writer.member("source", "/apps/" + clientID)
        writer.member("type", event.type)
        if let subject { writer.member("subject", subject) }
        writer.member("time", time)
        if let subjectVersion { writer.member("subjectversion", subjectVersion) }
        writer.member("actor", actor)
        if let causedBy { writer.member("causedby", causedBy) }
        if let requestID { writer.member("requestid", requestID) }
        if let traceparent { writer.member("traceparent", traceparent) }
        writer.key("data")
        writer.open()
        event.write(to: &writer)
        writer.close()
        writer.close()
        return writer.bytes
    }

    /// Reads a stored record.
    ///
    /// Throws `RecordError` unless the bytes are exactly what `encoded()` gives.
    package init(decoding bytes: [UInt8]) throws(RecordError) {
        var reader = RecordReader(bytes)
        try reader.literal("{\"specversion\":\"1.0\",\"id\":")
        id = try reader.identifier()
        try reader.literal(",\"source\":\"/apps/")
        clientID = try reader.restOfString()
        try reader.literal(",\"type\":")
        let type = try reader.string()
        subject = reader.skip(",\"subject\":") ? try reader.identifier() : nil
        try reader.literal(",\"time\":")
        time = try reader.recordTime()
        subjectVersion = reader.skip(",\"subjectversion\":") ? try reader.integer() : nil
        try reader.literal(",\"actor\":")
        actor = try reader.string()
        causedBy = reader.skip(",\"causedby\":") ? try reader.identifier() : nil
        requestID = reader.skip(",\"requestid\":") ? try reader.string() : nil
        traceparent = reader.skip(",\"traceparent\":") ? try reader.string() : nil
        try reader.literal(",\"data\":{")
        event = try LedgerEvent.read(type: type, from: &reader)
        try reader.literal("}}")
        guard reader.isAtEnd else { throw .malformed(offset: bytes.count) }
    }
}
