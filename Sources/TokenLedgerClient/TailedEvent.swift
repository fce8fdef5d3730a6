internal import BoundedClient
internal import Wire

/// One event of the ledger, as the tail tells it.
///
/// It names tokens by version and users by pseudonym.
public struct TailedEvent: Sendable, Equatable {
    /// Where to go on behind this event; keep it beside what you made of the event, in one transaction.
    public let resumeID: String
    /// Its place in its log.
    public let position: Int64
    /// Which log that is, such as `facts-1`: `facts` for the first, which is the only one of most ledgers.
    public let log: String
    /// The event's own id.
    public let id: String
    /// What happened, such as `access_token.rotated`.
    public let type: String
    /// Whom it happened to; nil where it is nobody's.
    public let subject: String?
    /// When it was recorded (RFC 3339, UTC).
    public let time: String
    /// The service did not write this record, or it was changed since: it counts as nothing.
    public let isForged: Bool
    /// The entry as it was sent: JSON with `position` and the record as `event` (CloudEvents 1.0).
    public let json: String

    init(_ event: EventStreamReader.Event) throws(LedgerClientError) {
        guard
            let entry = try? JSONParser.parse(
                Array(event.data.utf8),
                depthMax: ClientLimits.jsonDepthMax
            ),
            case .number(let position)? = entry["position"], let position = Int64(position)
        else { throw .foreignAnswer(status: 200) }
        resumeID = event.id
        self.position = position
        log = entry["log"]?.text ?? "facts"
        let record = entry["event"]
        id = record?["id"]?.text ?? ""
        type = record?["type"]?.text ?? ""
        subject = record?["subject"]?.text
        time = record?["time"]?.text ?? ""
        isForged = entry["forged"] == .bool(true)
        json = event.data
    }
}
