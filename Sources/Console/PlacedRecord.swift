package import Ledger
internal import Wire

/// An event of a log as pages show it.
package struct PlacedRecord: Sendable {
    package let log: Log
    package let position: Int64
    /// The bytes as stored.
    package let bytes: [UInt8]
    /// Nil where the service did not write it.
    package let record: Record?
    /// How many of its user's events right before it are cold history; told in the user's own list.
    package let coldBefore: Int64

    package init(
        log: Log,
        position: Int64,
        bytes: [UInt8],
        record: Record?,
        coldBefore: Int64 = 0
    ) {
        self.coldBefore = coldBefore
        self.log = log
        self.position = position
        self.bytes = bytes
        self.record = record
    }

    private static let jsonDepthMax = 16

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var json: JSONValue { (try? JSONParser.parse(bytes, depthMax: Self.jsonDepthMax)) ?? .null }

    /// What happened, in words.
    var sentence: String {
        guard let record else { return "The service did not write this." }
        let type = "\(record.event.type)"
        return EventSentence.text(type, json["data"] ?? .null) ?? type
    }

    /// Of its page.
    package var path: String { Self.path(position, log) }

    static func path(_ position: Int64, _ log: Log) -> String {
        "/console/events/\(log.name)/\(position)"
    }
}

/// An event as a row of a table.
package struct EventRow: Sendable {
    let position: Int64
    let path: String
    let type: String
    let sentence: String
    let time: ShownTime?
    let actor: String
    let subject: String
    let hasSubject: Bool
    let isForged: Bool
    let raw: String

    package init(_ placed: PlacedRecord) {
        let record = placed.record
        position = placed.position
        path = placed.path
        type = record.map { "\($0.event.type)" } ?? "forged"
        sentence = placed.sentence
        time = record.map { ShownTime($0.time) }
        actor = record?.actor ?? ""
        subject = record?.subject?.description ?? ""
        hasSubject = record?.subject != nil
        isForged = record == nil
        raw = placed.text
    }
}
