internal import Wire

extension LedgerEvent {
    /// What became of an endpoint to which an app has its events sent (docs/design.md#webhooks).
    ///
    /// The endpoint's address and secret are not told: whoever reads the log need not know them.
    package struct Webhook: Sendable, Equatable {
        /// Names the endpoint.
        package let endpoint: Identifier
        package let act: Act

        /// What the endpoint is sent.
        package struct Content: Sendable, Equatable {
            /// Of which types; empty for all.
            package let types: [String]
            /// Whether the `clientUserId` stands in what is sent.
            package let namesUser: Bool

            package init(types: [String], namesUser: Bool) {
                self.types = types
                self.namesUser = namesUser
            }
        }

        package enum Act: Sendable, Equatable {
            case added(Content)
            /// It is so from now on; `isMoved` says whether its address is another one.
            case updated(Content, isMoved: Bool)
            case paused(WebhookPauseReason)
            case resumed
            case removed
            /// It has a new secret; the one before is used beside it until then.
            case secretRotated(until: Timestamp)
            /// A message for trying it is sent.
            case tested(delivery: Identifier)
            /// What was for it in this stretch of a log of facts is sent once more.
            case replayed(Range<Int64>, Log)
        }

        package init(endpoint: Identifier, _ act: Act) {
            self.endpoint = endpoint
            self.act = act
        }
    }
}

/// Why an endpoint is sent nothing for now.
package enum WebhookPauseReason: String, Sendable, CaseIterable {
    /// Somebody said so.
    case requested
    /// For three days it took nothing of what it was sent.
    case failing
    /// It answered that it is gone for good (410).
    case gone
}

extension LedgerEvent.Webhook {
    /// The event's type as it stands in the record.
    var type: StaticString {
        switch act {
        case .added: "webhook.added"
        case .updated: "webhook.updated"
        case .paused: "webhook.paused"
        case .resumed: "webhook.resumed"
        case .removed: "webhook.removed"
        case .secretRotated: "webhook.secret_rotated"
        case .tested: "webhook.tested"
        case .replayed: "webhook.replayed"
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.member("endpoint", endpoint)
        switch act {
        case .added(let content): content.write(to: &writer)
        case .updated(let content, let isMoved):
            content.write(to: &writer)
            writer.member("moved", isMoved)
        case .paused(let reason): writer.member("reason", reason.rawValue)
        case .resumed, .removed: break
        case .secretRotated(let until): writer.member("until", until)
        case .tested(let delivery): writer.member("delivery", delivery)
        case .replayed(let positions, let log):
            if log != .facts { writer.member("log", Int64(log.id)) }
            writer.members(positions)
        }
    }

    init(type: String, from reader: inout RecordReader) throws(RecordError) {
        endpoint = try reader.firstIdentifier("endpoint")
        switch type {
        case "webhook.added": act = .added(try Content(from: &reader))
        case "webhook.updated":
            let content = try Content(from: &reader)
            try reader.next("moved")
            act = .updated(content, isMoved: try reader.boolean())
        case "webhook.paused":
            guard let reason = WebhookPauseReason(rawValue: try reader.nextString("reason")) else {
                throw .unknownType(type)
            }
            act = .paused(reason)
        case "webhook.resumed": act = .resumed
        case "webhook.removed": act = .removed
        case "webhook.secret_rotated":
            try reader.next("until")
            act = .secretRotated(until: try reader.recordTime())
        case "webhook.tested": act = .tested(delivery: try reader.nextIdentifier("delivery"))
        case "webhook.replayed":
            var log = Log.facts
            if reader.skip(",\"log\":") {
                let id = Int32(exactly: try reader.integer()).flatMap { Log(id: $0) }
                guard let id, id.kind == .facts, id != .facts else { throw .unknownType(type) }
                log = id
            }
            try reader.literal(",")
            act = .replayed(try reader.positions(), log)
        default: throw .unknownType(type)
        }
    }
}

extension LedgerEvent.Webhook.Content {
    fileprivate func write(to writer: inout JSONWriter) {
        if !types.isEmpty { writer.member("types", types) }
        writer.member("client_user_id", namesUser)
    }

    fileprivate init(from reader: inout RecordReader) throws(RecordError) {
        types = reader.skip(",\"types\":") ? try reader.strings() : []
        try reader.next("client_user_id")
        namesUser = try reader.boolean()
    }
}

extension LedgerEvent {
    /// The types of events that can be sent to an endpoint: those of the log of facts.
    package static let factTypes = types.filter { type in
        type != "access.noted" && AccessKind(rawValue: type) == nil
    }
}
