package import Ledger
internal import Wire

/// A problem as a row of a list.
package struct ProblemRow: Sendable {
    let path: String
    let title: String
    let happened: String
    let state: String
    let stateLabel: String
    /// Whom it is about, as the page may name it.
    let about: String
    /// The user's page; nil for an endpoint.
    let aboutPath: String?
    let hasAboutPath: Bool
    let occurrences: Int64
    let first: ShownTime
    let last: ShownTime

    /// `clientUserID` is nil where the key may not see it, or it is about an endpoint.
    package init(_ problem: TrackedProblem, clientUserID: String?) {
        let name = problem.name
        path = ProblemPage.path(name)
        title = ProblemSentence.title(name.kind)
        happened = ProblemSentence.happened(name.kind, problem.reason)
        state = problem.state.rawValue
        stateLabel = problem.isReopened ? "reopened" : problem.state.rawValue
        about = clientUserID ?? "\(name.about)"
        aboutPath = name.kind.isOfEndpoint ? nil : "/console/users/\(name.about)"
        hasAboutPath = aboutPath != nil
        occurrences = problem.occurrences
        first = ShownTime(problem.first.time)
        last = ShownTime(problem.last.time)
    }
}

/// The app's problems.
package struct ProblemListPage: ConsolePage {
    /// What somebody asked for, as it stands in the URL.
    package struct Asked: Sendable {
        /// The open ones, unless somebody asks for others; nil for all.
        package var state: TrackedProblem.State?
        /// All, where it is nil.
        package var kind: ProblemKind?
        /// Of one user or endpoint.
        package var subject: Identifier?
        package var before: String?

        package init(
            state: TrackedProblem.State?,
            kind: ProblemKind?,
            subject: Identifier?,
            before: String?
        ) {
            self.state = state
            self.kind = kind
            self.subject = subject
            self.before = before
        }

        /// What stands in the URL for all states.
        package static let allStates = "all"

        /// The page of these conditions.
        fileprivate var path: String {
            var query: [String] = []
            if state != .open { query.append("state=\(state?.rawValue ?? Self.allStates)") }
            if let kind { query.append("kind=\(kind.rawValue)") }
            if let subject { query.append("subject=\(subject)") }
            if let before { query.append("before=\(before)") }
            return "/console/problems" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        }

        /// The same as a query of the API.
        fileprivate var query: String {
            var query: [String] = []
            if let state { query.append("state=\(state.rawValue)") }
            if let kind { query.append("kind=\(kind.rawValue)") }
            if let subject { query.append("subject=\(subject)") }
            return query.isEmpty ? "" : "?" + query.joined(separator: "&")
        }

        /// The same as options of the command.
        fileprivate var options: String {
            var options = ""
            if state != .open { options += " --state \(state?.rawValue ?? Self.allStates)" }
            if let kind { options += " --kind \(kind.rawValue)" }
            if let subject { options += " --about \(subject)" }
            if let before { options += " --before \(before)" }
            return options
        }

        fileprivate func with(_ change: (inout Asked) -> Void) -> Asked {
            var changed = self
            changed.before = nil
            change(&changed)
            return changed
        }
    }

    /// A choice of which problems are listed, with how many there are.
    package struct Filter: Sendable {
        let label: String
        let path: String
        let isChosen: Bool
        /// Nil where nobody has counted them.
        let count: Int64?

        init(_ label: String, _ asked: Asked, isChosen: Bool, count: Int64? = nil) {
            self.label = label
            path = asked.path
            self.isChosen = isChosen
            self.count = count
        }
    }

    package let template = PageTemplate.problems
    package let title = "Problems"
    let rows: [ProblemRow]
    let isEmpty: Bool
    let states: [Filter]
    let kinds: [Filter]
    let subject: String?
    /// The same without the user.
    let everybodyPath: String
    let nextPath: String?
    let newestPath: String?
    /// How many events of the log are not in the list yet; nil where none.
    let behind: Int64?
    let copy: CopyLines

    /// - Parameters:
    ///   - rows: the one that was opened last first.
    ///   - asked: under which conditions.
    ///   - count: gives how many there are of a kind, or of all, in a state, or in all.
    ///   - next: from where the next page goes on.
    ///   - behind: how many events of the log are not taken into account yet.
    ///   - url: under which callers reach the service.
    ///   - clientID: the app's.
    package init(
        rows: [ProblemRow],
        asked: Asked,
        count: (ProblemKind?, TrackedProblem.State?) -> Int64,
        next: String?,
        behind: Int64,
        url: String,
        clientID: String
    ) {
        self.rows = rows
        isEmpty = rows.isEmpty
        states = (TrackedProblem.State.allCases + [nil]).map { state in
            Filter(
                state?.rawValue ?? Asked.allStates,
                asked.with { $0.state = state },
                isChosen: asked.state == state,
                // How many are one user's, nobody has counted.
                count: asked.subject == nil ? count(asked.kind, state) : nil
            )
        }
        kinds =
            [Filter("every kind", asked.with { $0.kind = nil }, isChosen: asked.kind == nil)]
            + ProblemKind.allCases.map { kind in
                Filter(
                    ProblemSentence.label(kind),
                    asked.with { $0.kind = kind },
                    isChosen: asked.kind == kind
                )
            }
        subject = asked.subject.map { "\($0)" }
        everybodyPath = asked.with { $0.subject = nil }.path
        nextPath = next.map { next in asked.with { $0.before = next }.path }
        newestPath = asked.before == nil ? nil : asked.with { _ in }.path
        self.behind = behind > 0 ? behind : nil
        copy = CopyLines(
            url: "\(url)/v1/problems\(asked.query)",
            command: "problem list --app \(clientID)\(asked.options)"
        )
    }
}
