internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The first page.
struct ConsoleOverviewRoutes: Sendable {
    let desk: ConsoleDesk
    let readiness: Readiness

    private static let statuses: [SubjectState.Status] = [.connected, .broken, .launched]

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get { try await show($0, $1) }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context)
        _ = try Query(request, keys: [])
        let now = desk.store.clock.now()
        let mayReadEvents = visit.caller.has(.eventsRead)
        let users =
            visit.caller.has(.usersRead) ? try await desk.store.userCounts(of: visit.app) : nil
        let start = OverviewPage.start(before: now)
        let recent =
            mayReadEvents ? try await desk.store.recentEvents(of: visit.app, since: start) : nil
        let told = await readiness.conditions()
        let conditions = told.map { condition, severity in
            OverviewPage.Condition(
                code: condition.code,
                severity: severity.rawValue,
                sentence: condition.sentence,
                nextStep: condition.nextStep
            )
        }
        let content = OverviewPage(
            users: users.map(Self.figures) ?? [],
            usersNote: users?.isCut == true ? "of the newest" : "of all",
            problems: try await problems(visit),
            hours: recent?.hours.map { OverviewPage.Hour(start: $0.start, counts: $0.counts) },
            now: now,
            since: max(start, recent?.since ?? start),
            activityNote: Self.note(recent, start),
            evidence: (mayReadEvents ? try await evidence(now) : [])
                + Self.service(told.map(\.0)),
            conditions: conditions
        )
        return desk.answer(content, to: visit, at: .overview)
    }

    private func problems(_ visit: ConsoleVisit) async throws -> [OverviewPage.ProblemFigure]? {
        guard visit.caller.has(.usersRead) else { return nil }
        return try await desk.store.problemCounts(of: visit.app).map {
            OverviewPage.ProblemFigure(kind: $0.kind, state: $0.state, count: $0.count)
        }
    }

    private static func figures(_ counts: UserCounts) -> [OverviewPage.Figure] {
        statuses.map { status in
            OverviewPage.Figure(
                label: status.rawValue,
                value: "\(counts.counts[status] ?? 0)",
                path: "/console/users?status=\(status.rawValue)"
            )
        }
    }

    private static func note(_ recent: RecentEvents?, _ start: Timestamp) -> String {
        guard let recent else { return "" }
        guard recent.since > start else { return "in \(OverviewPage.hourCount) hours" }
        return "since \(recent.since)"
    }

    /// What has been read here says that the database answers.
    private static func service(_ conditions: [ReadinessCondition]) -> [OverviewPage.Figure] {
        var waiting = "none"
        for case .answersWaiting(let count, let seconds) in conditions {
            waiting = "\(count), the oldest for \(seconds) s"
        }
        return [
            OverviewPage.Figure(label: "Database", value: "answers"),
            OverviewPage.Figure(label: "Answers on disk", value: waiting),
        ]
    }

    private static func age(_ time: Timestamp, _ now: Timestamp) -> String {
        let seconds = max(0, (now.microseconds - time.microseconds) / 1_000_000)
        return switch seconds {
        case ..<120: "\(seconds) s ago"
        case ..<7_200: "\(seconds / 60) min ago"
        default: "\(seconds / 3_600) h ago"
        }
    }

    /// How old the last checkpoints are, and who is said to have signed them beside the log.
    private func evidence(_ now: Timestamp) async throws -> [OverviewPage.Figure] {
        var figures: [OverviewPage.Figure] = []
        for log in desk.store.logs.ofEvents {
            let path = "/console/evidence?log=\(log.name)"
            let size = try await desk.store.size(log: log)
            let last = try await desk.store.checkpoints(of: log, upTo: .max, limit: 1).first
            let open = size - (last?.size ?? 0)
            let note = open > 0 ? "\(open) newer ones are not covered yet" : "covers all"
            figures.append(
                OverviewPage.Figure(
                    label: "Log of \(log.name)",
                    value: "\(size) events",
                    path: "/console/log?log=\(log.name)"
                )
            )
            figures.append(
                OverviewPage.Figure(
                    label: "Its last checkpoint",
                    value: last.map { "of \($0.size) events" } ?? "none yet",
                    path: path,
                    note: (last.map { Self.age($0.publishedAt, now) + ", " } ?? "") + note
                )
            )
            let witnesses = last?.witnesses ?? []
            figures.append(
                OverviewPage.Figure(
                    label: "Its witnesses",
                    value: witnesses.isEmpty ? "none" : "\(witnesses.count)",
                    path: path,
                    note: witnesses.isEmpty ? "" : "names on the note, not checked here"
                )
            )
        }
        return figures
    }
}
