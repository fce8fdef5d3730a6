package import Ledger

/// One user: what is held, what happened, and who read what.
package struct UserPage: ConsolePage {
    /// A token that was held, from when until when.
    package struct Holding: Sendable {
        let kind: String
        let version: Int64
        let fingerprint: String
        let fromPath: String
        let from: ShownTime
        let untilPath: String?
        let until: ShownTime?
        let isCurrent: Bool

        init(_ holding: TokenHolding, in log: Log) {
            kind = holding.kind == .accessToken ? "Access token" : "Public token"
            version = holding.version
            fingerprint = holding.fingerprint.description
            fromPath = PlacedRecord.path(holding.from.position, log)
            from = ShownTime(holding.from.time)
            untilPath = holding.until.map { PlacedRecord.path($0.position, log) }
            until = holding.until.map { ShownTime($0.time) }
            isCurrent = holding.until == nil
        }
    }

    /// Somebody's access, or so many looks at this page one after the other, which would hide all else.
    struct Access: Sendable {
        let row: EventRow
        var count = 1
        var isRepeated: Bool = false

        /// The newest first.
        static func list(_ records: [PlacedRecord]) -> [Access] {
            var list: [Access] = []
            var last: Record?
            for placed in records {
                defer { last = placed.record }
                if let record = placed.record, let last, record.event == .userViewed,
                    last.event == .userViewed, record.actor == last.actor
                {
                    list[list.count - 1].count += 1
                    list[list.count - 1].isRepeated = true
                } else {
                    list.append(Access(row: EventRow(placed)))
                }
            }
            return list
        }
    }

    /// A choice of a form.
    package struct Choice: Sendable {
        let value: String
        let label: String
    }

    /// What the key's scopes let the page show.
    package struct Parts: Sendable {
        /// The app's own id of the user; nil where the key may not see it.
        package var clientUserID: String?
        /// Nil where the key may not read events.
        package var timeline: Timeline?
        package var holdings: [TokenHolding] = []
        /// The newest first.
        package var accesses: [PlacedRecord] = []
        /// Whether there are older ones.
        package var hasOlderAccesses = false
        /// The position in the log of accesses before which none are in the database; 0 where all are.
        package var accessesColdBefore: Int64 = 0
        /// How much of them the app keeps.
        package var accessRecording = AccessRecording.full
        /// The one that was opened last first; none where the key may not see them.
        package var problems: [TrackedProblem] = []
        /// Whether the key may have tokens shown.
        package var mayReveal = false
        /// Whether the key may launch.
        package var mayLaunch = false
        /// Whether the app binds each launch to a session, so that no link can be one.
        package var bindsLaunches = false

        package init() {}
    }

    /// How many tokens that were held a page lists.
    static let holdingsMax = 100

    package let template = PageTemplate.user
    package let title: String
    let heading: String
    let subject: String
    let status: String
    let problems: [ProblemRow]
    let hasProblems: Bool
    let timeline: Timeline?
    let hasTimeline: Bool
    let fields: [StateField]
    let holdings: [Holding]
    let hasHoldings: Bool
    /// How many older ones the page does not list.
    let olderHoldings: Int
    let hasOlderHoldings: Bool
    let accesses: [Access]
    let hasAccesses: Bool
    let accessCount: Int
    /// Where all of them are; nil where the page has them.
    let olderAccessesPath: String?
    let accessesColdBefore: Int64?
    let accessNote: String?
    let isRaw: Bool
    let diffPath: String
    let rawPath: String
    let canReveal: Bool
    let canLaunch: Bool
    let isBound: Bool
    let revealKinds: [Choice]
    let revealReasons: [Choice]
    /// What the page's form holds.
    let formToken: String
    let problemsCopy: CopyLines
    let eventsCopy: CopyLines
    let holdingsCopy: CopyLines
    let accessCopy: CopyLines

    /// - Parameters:
    ///   - subject: the user's pseudonym.
    ///   - log: where what happened to the user stands.
    ///   - state: as it is now.
    ///   - parts: what is shown beside it.
    ///   - isRaw: whether bytes are shown rather than differences.
    ///   - formToken: of the session.
    ///   - clientID: the app's.
    ///   - url: under which callers reach the service.
    ///   - api: how the user is called in calls of the API; nil where the key may not see the id.
    package init(
        subject: Identifier,
        log: Log,
        state: SubjectState,
        parts: Parts,
        isRaw: Bool,
        formToken: String,
        clientID: String,
        url: String,
        api: String?
    ) {
        heading = parts.clientUserID ?? subject.description
        // Titles stand in a browser's history: no id of a person is in one.
        title = "User \(subject)"
        self.subject = subject.description
        status = state.status.rawValue
        problems = parts.problems.map { ProblemRow($0, clientUserID: parts.clientUserID) }
        hasProblems = !problems.isEmpty
        timeline = parts.timeline
        hasTimeline = parts.timeline != nil
        fields = StateField.list(parts.timeline?.state ?? state)
        holdings = parts.holdings.suffix(Self.holdingsMax).reversed().map {
            Holding($0, in: log)
        }
        hasHoldings = !holdings.isEmpty
        olderHoldings = parts.holdings.count - holdings.count
        hasOlderHoldings = olderHoldings > 0
        accesses = Access.list(parts.accesses)
        hasAccesses = !accesses.isEmpty
        accessCount = parts.accesses.count
        olderAccessesPath =
            parts.hasOlderAccesses
            ? "/console/log?log=\(log.access.name)&subject=\(subject)" : nil
        accessesColdBefore = parts.accessesColdBefore > 0 ? parts.accessesColdBefore : nil
        accessNote =
            switch parts.accessRecording {
            case .full: nil
            case .metadata: "This app keeps that there were accesses, not of whom."
            case .off: "This app keeps no accesses."
            }
        self.isRaw = isRaw
        self.formToken = formToken
        let path = "/console/users/\(subject)"
        let shown = parts.timeline.flatMap { $0.count == 0 ? nil : $0.position ?? 0 }
        let at = shown.map { "at=\($0)" } ?? ""
        diffPath = at.isEmpty ? path : "\(path)?\(at)"
        rawPath = "\(path)?view=raw" + (at.isEmpty ? "" : "&\(at)")
        let held = TokenKind.allCases.filter { state.token($0) != nil }
        canReveal = parts.mayReveal && !held.isEmpty
        canLaunch = parts.mayLaunch
        isBound = parts.bindsLaunches
        revealKinds = held.map {
            Choice(value: $0.rawValue, label: $0 == .accessToken ? "access token" : "public token")
        }
        revealReasons = RevealReason.allCases.map {
            Choice(value: $0.rawValue, label: $0.rawValue.replacing("_", with: " "))
        }
        problemsCopy = CopyLines(
            url: "\(url)/v1/problems?subject=\(subject)",
            command: "problem list --app \(clientID) --about \(subject) --state all"
        )
        let history = "user history --app \(clientID) --subject \(subject)"
        eventsCopy = CopyLines(url: api.map { "\($0)/events" }, command: history)
        holdingsCopy = CopyLines(url: api, command: history)
        accessCopy = CopyLines(
            url: api.map { "\($0)/access" },
            command: "export --log access --app \(clientID) --subject \(subject)"
        )
    }
}

/// A token, shown to whoever said why.
package struct RevealedPage: ConsolePage {
    package let template = PageTemplate.revealed
    package let title = "Token shown"
    let kind: String
    let version: Int64
    let value: String
    let reason: String
    let subject: String

    /// `value` is the token itself: the one place of the console where one stands.
    package init(
        kind: TokenKind,
        version: Int64,
        value: Secret,
        reason: RevealReason,
        subject: Identifier
    ) {
        self.kind = kind == .accessToken ? "Access token" : "Public token"
        self.version = version
        self.value = value.exposed
        self.reason = reason.rawValue.replacing("_", with: " ")
        self.subject = subject.description
    }
}
