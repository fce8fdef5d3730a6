package import Ledger

/// One problem: what happened, what to do, the events behind it.
package struct ProblemPage: ConsolePage {
    package let template = PageTemplate.problem
    package let title: String
    let heading: String
    let state: String
    let stateLabel: String
    let sinceLabel: String
    let id: String
    let happened: String
    /// Nil where nothing is to be done.
    let nextStep: String?
    let about: String
    let aboutPath: String?
    let isOfEndpoint: Bool
    /// The log with the user's events; nil for an endpoint.
    let historyPath: String?
    let occurrences: Int64
    let isRepeated: Bool
    let openings: Int64
    let wasReopened: Bool
    let first: ShownTime
    let last: ShownTime
    let since: ShownTime
    let mutedBy: String?
    /// The newest first.
    let events: [EventRow]
    let hasEvents: Bool
    /// Whether older ones are not shown.
    let hasOlderEvents: Bool
    let isOpen: Bool
    let canMute: Bool
    let canUnmute: Bool
    let isResolved: Bool
    /// What the page's form holds.
    let formToken: String
    let copy: CopyLines

    /// - Parameters:
    ///   - problem: as it is.
    ///   - clientUserID: of the user, where it is about one.
    ///   - events: those behind it, the newest first; none where the key may not see them.
    ///   - mayMute: whether the key may mute it.
    ///   - formToken: of the session.
    ///   - url: under which callers reach the service.
    ///   - clientID: the app's.
    package init(
        _ problem: TrackedProblem,
        clientUserID: String?,
        events: [PlacedRecord],
        mayMute: Bool,
        formToken: String,
        url: String,
        clientID: String
    ) {
        let name = problem.name
        heading = ProblemSentence.title(name.kind)
        // Titles stand in a browser's history: no id of a person is in one.
        title = heading
        let row = ProblemRow(problem, clientUserID: clientUserID)
        (state, stateLabel) = (row.state, row.stateLabel)
        sinceLabel = "\(row.stateLabel.prefix(1).uppercased())\(row.stateLabel.dropFirst()) since"
        id = "\(name)"
        happened = row.happened
        nextStep = problem.state == .resolved ? nil : ProblemSentence.nextStep(name.kind)
        (about, aboutPath) = (row.about, row.aboutPath)
        isOfEndpoint = name.kind.isOfEndpoint
        historyPath = isOfEndpoint ? nil : "/console/log?subject=\(name.about)"
        occurrences = problem.occurrences
        isRepeated = problem.occurrences > 1
        openings = problem.openings
        wasReopened = problem.openings > 1
        first = row.first
        last = row.last
        since = ShownTime(problem.changedAt)
        mutedBy = problem.mutedBy
        self.events = events.map(EventRow.init)
        hasEvents = !events.isEmpty
        hasOlderEvents = problem.positions.first != problem.first.position
        isOpen = problem.state == .open
        canMute = mayMute && problem.state == .open
        canUnmute = mayMute && problem.state == .muted
        isResolved = problem.state == .resolved
        self.formToken = formToken
        copy = CopyLines(
            url: "\(url)/v1/problems/\(name)",
            command: "problem show \(name) --app \(clientID)"
        )
    }

    /// Of a problem's page.
    package static func path(_ name: ProblemName) -> String { "/console/problems/\(name)" }
}
