internal import Crypto
package import Ledger
package import MerkleLog
internal import Wire

/// The page that lies in a bundle, and opens without the service and without a network.
///
/// The views are those of the console: each is written once with an invented event, and the script
/// puts the bundle's own in its place.
package struct BundleDocument: Sendable {
    /// What the manifest says of a bundle.
    package struct Story: Sendable {
        package let log: Log
        package let origin: String
        package let export: Identifier
        package let madeAt: Timestamp
        package let madeBy: String
        package let reason: String
        package let query: EventQuery
        package let positions: Range<Int64>
        package let events: Int64
        package let tree: (size: Int64, root: MerkleHash)
        package let key: String
        /// All logs of the bundle, each with a page of its own, where there are several.
        package let parts: [Log]

        package init(
            log: Log,
            origin: String,
            export: Identifier,
            madeAt: Timestamp,
            madeBy: String,
            reason: String,
            query: EventQuery,
            positions: Range<Int64>,
            events: Int64,
            tree: (size: Int64, root: MerkleHash),
            key: String,
            parts: [Log] = []
        ) {
            self.log = log
            self.origin = origin
            self.export = export
            self.madeAt = madeAt
            self.madeBy = madeBy
            self.reason = reason
            self.query = query
            self.positions = positions
            self.events = events
            self.tree = tree
            self.key = key
            self.parts = parts
        }
    }

    /// A line about the bundle, which the script writes again from what it has verified.
    struct Fact: Sendable {
        let name: String
        let label: String
        let value: String
    }

    /// The page of one of the bundle's logs.
    struct Part: Sendable {
        let name: String
        let path: String
        let isHere: Bool
    }

    let export: String
    let parts: [Part]
    let hasParts: Bool
    let key: String
    let facts: [Fact]
    let eventsMax: Int64
    let megabytesMax: Int64
    let eventCount: Int64
    let isTooLarge: Bool
    /// Whether its users have states: those of the access log have none.
    let hasStates: Bool
    let policy: String
    /// Not escaped: a style and a script have no other spelling.
    let style: String
    /// What a user's state begins with.
    let fields = StateField.list(SubjectState())
    let timeline: Timeline?
    let users: UserListPage
    let log: LogPage
    let event: EventPage

    private static let styleBytes =
        PackageResources.console_css + PackageResources.views_css + PackageResources.bundle_css
    static let script = ConsoleAsset.oneScript([
        PackageResources.console_js, PackageResources.proof_js, PackageResources.bundle_hash_js,
        PackageResources.bundle_files_js, PackageResources.bundle_check_js,
        PackageResources.bundle_views_js, PackageResources.bundle_user_js,
        PackageResources.bundle_event_js, PackageResources.bundle_js,
    ])

    /// - Parameters:
    ///   - story: what the manifest says.
    ///   - limits: how much a page may hold, where that was too little; nil where it holds everything.
    package init(_ story: Story, limits: (events: Int64, bytes: Int64)?) {
        export = story.export.description
        parts = story.parts.map {
            Part(name: $0.name, path: "../\($0.name)/index.html", isHere: $0 == story.log)
        }
        hasParts = !parts.isEmpty
        key = story.key
        facts = Self.facts(story)
        isTooLarge = limits != nil
        eventsMax = limits?.events ?? 0
        megabytesMax = (limits?.bytes ?? 0) >> 20
        eventCount = story.events
        hasStates = story.log.kind == .facts
        policy = Self.policy
        style = String(decoding: Self.styleBytes, as: UTF8.self)
        let sample = Sample()
        timeline = sample.timeline
        users = sample.users
        log = sample.log
        event = sample.event
    }

    /// The page up to where the bundle's files stand.
    package var head: [UInt8] { Array(ConsolePages().html(self).utf8) }

    /// The page behind them.
    package var foot: [UInt8] {
        Array("<script>".utf8) + Self.script + Array("</script>\n</body>\n</html>\n".utf8)
    }

    /// Nothing is loaded, sent or run but the one script, and text cannot become markup.
    private static let policy = [
        "default-src 'none'", "script-src '\(digest(script))'", "style-src '\(digest(styleBytes))'",
        "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    private static func digest(_ bytes: [UInt8]) -> String {
        "sha256-" + Base64.standard.encode(Array(SHA256.hash(data: bytes)))
    }

    private static func facts(_ story: Story) -> [Fact] {
        let query = story.query
        return [
            Fact(name: "origin", label: "Log", value: story.origin),
            Fact(name: "made_at", label: "Made at", value: story.madeAt.description),
            Fact(name: "made_by", label: "Made by", value: story.madeBy),
            Fact(name: "reason", label: "Reason", value: story.reason),
            Fact(name: "client_id", label: "App", value: query.clientID ?? "any"),
            Fact(name: "subject", label: "User", value: query.subject?.description ?? "any"),
            Fact(
                name: "types",
                label: "Types",
                value: query.types.isEmpty ? "any" : query.types.joined(separator: ", ")
            ),
            Fact(name: "since", label: "Since", value: query.since?.description ?? "any time"),
            Fact(name: "until", label: "Until", value: query.before?.description ?? "any time"),
            Fact(
                name: "range",
                label: "Positions",
                value:
                    "\(story.positions.lowerBound) to \(story.positions.upperBound), "
                    + "the latter not included"
            ),
            Fact(name: "events", label: "Events", value: "\(story.events)"),
            Fact(name: "tree_size", label: "Signed log", value: "\(story.tree.size) records"),
            Fact(name: "root", label: "Its root", value: story.tree.root.description),
            Fact(name: "export", label: "Export", value: story.export.description),
        ]
    }
}

extension BundleDocument {
    /// An invented event, as each view shows one.
    private struct Sample {
        private let placed: PlacedRecord
        private let record: Record

        init() {
            record = Record(
                id: Identifier(value: 0),
                clientID: "app",
                subject: Identifier(value: 0),
                time: Timestamp(microseconds: 0),
                subjectVersion: 1,
                context: RecordContext(actor: "actor"),
                event: .subjectReleased
            )
            placed = PlacedRecord(
                log: .facts,
                position: 0,
                bytes: record.encoded(),
                record: record
            )
        }

        var timeline: Timeline? { try? Timeline([placed], at: -1, path: "") }

        var users: UserListPage {
            let row = UserListPage.Row(
                subject: "",
                clientUserID: "",
                status: "new",
                versions: (nil, nil),
                since: ShownTime(record.time),
                openFinalizes: 0
            )
            let copy = CopyLines(url: nil, command: nil)
            return UserListPage(rows: [row], status: nil, statuses: [], next: "", copy: copy)
        }

        var log: LogPage {
            let asked = LogPage.Asked(
                log: .facts,
                types: nil,
                subject: nil,
                since: nil,
                until: nil,
                before: 0
            )
            return LogPage([placed], asked: asked, logs: .one, next: 0, end: 0, url: "")
        }

        var event: EventPage {
            let leaf = MerkleHash(leaf: placed.bytes)
            let proof = EventPage.Proof(
                placed.bytes,
                at: 0,
                hashes: [leaf],
                checkpoint: (2, leaf, ""),
                key: ""
            )
            return EventPage(placed, proof: proof, neighbours: (0, 0), url: "")
        }
    }
}
