package import Ledger

/// How it is: users, what happened of late, and what the service depends on.
package struct OverviewPage: ConsolePage {
    /// A number that leads to its list.
    package struct Figure: Sendable {
        let label: String
        let value: String
        let path: String?
        let hasPath: Bool
        let note: String

        package init(label: String, value: String, path: String? = nil, note: String = "") {
            self.label = label
            self.value = value
            self.path = path
            hasPath = path != nil
            self.note = note
        }
    }

    /// Something that somebody should look at.
    package struct Condition: Sendable {
        let code: String
        let severity: String
        let sentence: String
        let nextStep: String

        package init(code: String, severity: String, sentence: String, nextStep: String) {
            self.code = code
            self.severity = severity
            self.sentence = sentence
            self.nextStep = nextStep
        }
    }

    /// How many problems of a kind are in a state.
    package struct ProblemFigure: Sendable {
        let kind: ProblemKind
        let state: TrackedProblem.State
        let count: Int64

        package init(kind: ProblemKind, state: TrackedProblem.State, count: Int64) {
            self.kind = kind
            self.state = state
            self.count = count
        }
    }

    /// What happened in one hour, by type of event.
    package struct Hour: Sendable {
        package let start: Timestamp
        package let counts: [String: Int64]

        package init(start: Timestamp, counts: [String: Int64]) {
            self.start = start
            self.counts = counts
        }
    }

    package let template = PageTemplate.overview
    package let title = "Overview"
    let users: [Figure]
    let usersNote: String
    let hasUsers: Bool
    let problems: [Figure]
    let hasProblems: Bool
    /// Nil where none is.
    let mutedNote: String?
    let mayReadProblems: Bool
    let funnel: [Figure]
    let plots: [Plot]
    let activityNote: String
    let hasActivity: Bool
    let evidence: [Figure]
    let hasEvidence: Bool
    let conditions: [Condition]
    let isWell: Bool

    /// How many hours the plots show.
    package static let hourCount = 24
    private static let hourSeconds: Int64 = 3_600

    private static let launches = ["connect.launched", "edit.launched"]
    private static let finishes = ["finish.received", "finish.held"]
    private static let outcomes = ["connect.finalized", "edit.finalized"]
    private static let rotations = [
        "access_token.rotated", "public_token.rotated", "public_token.recovered",
    ]
    private static let failures = [
        "launch.failed", "finalize.rejected", "finalize.unresolved", "finalize.refused",
        "finalize.abandoned", "finish.refused", "connection.broken",
    ]

    /// - Parameters:
    ///   - users: by state; empty where the key may not see them.
    ///   - usersNote: how far was counted.
    ///   - problems: how many there are, by kind and state; nil where the key may not see them.
    ///   - hours: in which anything happened; nil where the key may not see it.
    ///   - now: the end of the last hour.
    ///   - since: from when on everything was counted.
    ///   - activityNote: how far was counted.
    ///   - evidence: of the logs; empty where the key may not see it.
    ///   - conditions: of the service.
    package init(
        users: [Figure],
        usersNote: String,
        problems: [ProblemFigure]?,
        hours: [Hour]?,
        now: Timestamp,
        since: Timestamp,
        activityNote: String,
        evidence: [Figure],
        conditions: [Condition]
    ) {
        self.users = users
        self.usersNote = usersNote
        hasUsers = !users.isEmpty
        let open = (problems ?? []).filter { $0.state == .open && $0.count > 0 }
        self.problems = open.map { figure in
            Figure(
                label: ProblemSentence.label(figure.kind),
                value: "\(figure.count)",
                path: "/console/problems?kind=\(figure.kind.rawValue)"
            )
        }
        hasProblems = !open.isEmpty
        let muted = (problems ?? []).filter { $0.state == .muted }.reduce(0) { $0 + $1.count }
        mutedNote = muted > 0 ? "\(muted) muted" : nil
        mayReadProblems = problems != nil
        let series = Series(hours ?? [], now)
        funnel = [
            Self.figure("Launches", Self.launches, series, since),
            Self.figure("Finishes", Self.finishes, series, since),
            Self.figure("With tokens", Self.outcomes, series, since),
        ]
        plots = [
            Plot(
                "Rotations",
                counts: series.counts(Self.rotations),
                hours: series.times,
                note: activityNote
            ),
            Plot(
                "Failures",
                counts: series.counts(Self.failures),
                hours: series.times,
                note: activityNote
            ),
        ]
        self.activityNote = activityNote
        hasActivity = hours != nil
        self.evidence = evidence
        hasEvidence = !evidence.isEmpty
        self.conditions = conditions
        isWell = conditions.isEmpty
    }

    private static func figure(
        _ label: String,
        _ types: [String],
        _ series: Series,
        _ since: Timestamp
    ) -> Figure {
        Figure(
            label: label,
            value: "\(series.counts(types).reduce(0, +))",
            path: "/console/log?type=\(types.joined(separator: ","))&since=\(since)"
        )
    }

    /// The hours of the plots, also those in which nothing happened.
    private struct Series {
        let starts: [Int64]
        let hours: [Int64: [String: Int64]]

        init(_ hours: [Hour], _ now: Timestamp) {
            let length = OverviewPage.hourSeconds * 1_000_000
            let last = now.microseconds / length * length
            starts = (0..<Int64(OverviewPage.hourCount)).map {
                last - (Int64(OverviewPage.hourCount) - 1 - $0) * length
            }
            self.hours = Dictionary(hours.map { ($0.start.microseconds, $0.counts) }) { first, _ in
                first
            }
        }

        var times: [ShownTime] { starts.map { ShownTime(Timestamp(microseconds: $0)) } }

        func counts(_ types: [String]) -> [Int64] {
            starts.map { start in
                types.reduce(0) { $0 + (hours[start]?[$1] ?? 0) }
            }
        }
    }

    /// Where the first hour of the plots begins.
    package static func start(before now: Timestamp) -> Timestamp {
        let length = hourSeconds * 1_000_000
        let last = now.microseconds / length * length
        return Timestamp(microseconds: last - Int64(hourCount - 1) * length)
    }
}
