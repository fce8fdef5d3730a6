package import Ledger
package import Vault
internal import Wire

/// What an endpoint is sent: thin, without any value of the vault but the `clientUserId`, and that only
/// where the endpoint asks for it.
package struct WebhookMessage: Sendable {
    /// What stands in `webhook-id`: the same in every attempt and in every replay.
    package let id: Identifier
    /// Every byte of the body.
    package let body: [UInt8]

    private static let depthMax = 16

    /// Tells of an event, by its record and the record's bytes; `clientUserID` stands in the body if it is
    /// given.
    package init(
        _ record: Record,
        bytes: [UInt8],
        at position: Int64,
        of log: Log,
        clientUserID: Secret? = nil
    ) {
        id = record.id
        var writer = JSONWriter()
        Self.open(&writer, "\(record.event.type)", record.time)
        writer.member("event", record.id)
        writer.member("position", position)
        // Which log it is, is said where there are several.
        if log.pair > 0 { writer.member("log", log.name) }
        writer.member("app", record.clientID)
        if let subject = record.subject { writer.member("subject", subject) }
        if let clientUserID { writer.member("client_user_id", clientUserID.exposed) }
        if let version = record.subjectVersion { writer.member("subject_version", version) }
        writer.key("details")
        let json = try? JSONParser.parse(bytes, depthMax: Self.depthMax)
        writer.json((json?["data"] ?? .object([])).encoded)
        Self.close(&writer)
        body = writer.bytes
    }

    /// Tries an endpoint.
    init(
        test id: Identifier,
        type: String,
        at time: Timestamp,
        of app: String,
        endpoint: Identifier
    ) {
        self.id = id
        var writer = JSONWriter()
        Self.open(&writer, type, time)
        writer.member("app", app)
        writer.member("endpoint", endpoint)
        Self.close(&writer)
        body = writer.bytes
    }

    private static func open(_ writer: inout JSONWriter, _ type: String, _ time: Timestamp) {
        writer.open()
        writer.member("type", type)
        writer.member("timestamp", time)
        writer.key("data")
        writer.open()
    }

    private static func close(_ writer: inout JSONWriter) {
        writer.close()
        writer.close()
    }

    /// The header fields of an attempt: signed with each of the secrets, the current one first.
    package func headers(
        at time: Timestamp,
        secrets: [WebhookSecret]
    ) -> [(name: String, value: String)] {
        let seconds = time.microseconds / 1_000_000
        let signatures = secrets.map { $0.signature(id: "\(id)", seconds: seconds, body: body) }
        return [
            ("content-type", "application/json"), ("user-agent", "token-ledger"),
            ("webhook-id", "\(id)"), ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
