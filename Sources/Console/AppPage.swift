package import Ledger

/// The app and its keys.
package struct AppPage: ConsolePage {
    /// What is known of the app.
    package struct Fact: Sendable {
        let label: String
        let value: String

        package init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    /// An API key.
    package struct Key: Sendable {
        let id: String
        let label: String
        let kind: String
        let state: String
        let scopes: String
        let networks: String
        let certificates: [String]
        let createdAt: ShownTime
        let expiresAt: ShownTime?
        let usedAt: ShownTime?
        let hasEnd: Bool
        let wasUsed: Bool
        let isOwn: Bool

        /// `state` is `valid`, `expired` or `revoked`.
        package init(
            id: String,
            label: String?,
            isTest: Bool,
            state: String,
            scopes: [String],
            networks: [String],
            certificates: [String],
            times: (created: Timestamp, expires: Timestamp?, used: Timestamp?),
            isOwn: Bool
        ) {
            self.id = id
            self.label = label ?? "no name"
            kind = isTest ? "test" : "live"
            self.state = state
            self.scopes = scopes.joined(separator: ", ")
            self.networks = networks.isEmpty ? "everywhere" : networks.joined(separator: ", ")
            self.certificates = certificates
            createdAt = ShownTime(times.created)
            expiresAt = times.expires.map { ShownTime($0) }
            usedAt = times.used.map { ShownTime($0) }
            hasEnd = times.expires != nil
            wasUsed = times.used != nil
            self.isOwn = isOwn
        }
    }

    package let template = PageTemplate.app
    package let title = "App and keys"
    let name: String
    let facts: [Fact]
    let keys: [Key]
    let appCopy: CopyLines
    let keysCopy: CopyLines

    /// The app's name and facts, and its keys, the oldest first.
    package init(name: String, clientID: String, facts: [Fact], keys: [Key]) {
        self.name = name
        self.facts = facts
        self.keys = keys
        appCopy = CopyLines(url: nil, command: "app list")
        keysCopy = CopyLines(url: nil, command: "api-key list --app \(clientID)")
    }
}

/// What the service was started with.
package struct SettingsPage: ConsolePage {
    package let template = PageTemplate.settings
    package let title = "Settings"
    let settings: [ShownSetting]
    let copy = CopyLines(url: nil, command: "doctor")

    package init(_ settings: [ShownSetting]) {
        self.settings = settings
    }
}

/// A setting, never a secret's value, and where it comes from.
package struct ShownSetting: Sendable {
    package let name: String
    package let value: String
    package let origin: String

    package init(name: String, value: String, origin: String) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}

/// Records that left in bulk, and a form for more.
package struct ExportsPage: ConsolePage {
    /// An export of the past.
    package struct Row: Sendable {
        let event: EventRow
        let format: String
        let what: String
        let who: String

        package init(_ placed: PlacedRecord, who: String?) {
            event = EventRow(placed)
            self.who = who ?? placed.record?.actor ?? ""
            guard case .logExported(let export)? = placed.record?.event else {
                format = "–"
                what = "–"
                return
            }
            format = export.format.rawValue
            let log = Log(id: export.log)?.name ?? "\(export.log)"
            var parts = ["\(log) \(export.positions.lowerBound)–\(export.positions.upperBound)"]
            parts += export.query.types
            if let since = export.query.since { parts.append("since \(since)") }
            if let before = export.query.before { parts.append("before \(before)") }
            if export.identities { parts.append("with identities") }
            what = parts.joined(separator: ", ")
        }
    }

    /// An export that is under way.
    package struct Running: Sendable {
        let who: String
        let log: String
        let began: ShownTime
        let done: Int64
        let total: Int64
        /// False where users are read, whom nobody has counted.
        let isCounted: Bool

        /// - Parameters:
        ///   - who: gets it.
        ///   - log: that is read.
        ///   - began: when.
        ///   - positions: that are looked through, and the first that was not read yet; nil where users are.
        package init(
            who: String,
            log: Log,
            began: Timestamp,
            positions: (all: Range<Int64>, reached: Int64)?
        ) {
            self.who = who
            self.log = log.name
            self.began = ShownTime(began)
            total = Int64(positions?.all.count ?? 0)
            done = positions.map { $0.reached - $0.all.lowerBound } ?? 0
            isCounted = positions != nil
        }
    }

    package let template = PageTemplate.exports
    package let title = "Exports"
    let running: [Running]
    let hasRunning: Bool
    /// The page comes again by itself.
    let isWatching: Bool
    let rows: [Row]
    let isEmpty: Bool
    let olderPath: String?
    let canExport: Bool
    let canSeePast: Bool
    let recordingNote: String?
    /// Whether older ones may not be in the database.
    let hasCold: Bool
    /// What the page's form holds.
    let formToken: String
    let copy: CopyLines

    /// - Parameters:
    ///   - running: those under way in this copy of the service, the oldest first.
    ///   - isWatching: whether the page comes again by itself.
    ///   - rows: the newest first.
    ///   - next: before which place the next page goes on; nil where nothing older is left.
    ///   - may: whether the key may export, and see who did.
    ///   - recording: how much the app keeps of it.
    ///   - hasCold: whether something of the logs of accesses is not in the database.
    ///   - formToken: of the session.
    ///   - clientID: the app's.
    ///   - url: under which callers reach the service.
    package init(
        running: [Running],
        isWatching: Bool,
        rows: [Row],
        next: String?,
        may: (export: Bool, seePast: Bool),
        recording: AccessRecording,
        hasCold: Bool,
        formToken: String,
        clientID: String,
        url: String
    ) {
        self.hasCold = hasCold && next == nil
        self.running = running
        hasRunning = !running.isEmpty
        self.isWatching = isWatching
        self.rows = rows
        isEmpty = rows.isEmpty
        olderPath = next.map { "/console/exports?before=\($0)" }
        self.formToken = formToken
        canExport = may.export
        canSeePast = may.seePast
        recordingNote =
            switch recording {
            case .full: nil
            case .metadata: "This app keeps that there were exports, not what was in them."
            case .off: "This app keeps no exports."
            }
        copy = CopyLines(
            url: "\(url)/v1/events?log=access&type=log.exported",
            command: "export --log access --app \(clientID) --type log.exported"
        )
    }
}
