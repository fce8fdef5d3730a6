internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The list of problems, and each one's page.
struct ConsoleProblemRoutes: Sendable {
    let desk: ConsoleDesk

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("problems") { try await list($0, $1) }
        group.get("problems/:problem") { try await show($0, $1) }
        group.post("problems/:problem/mute") { try await mark($0, $1, muted: true) }
        group.post("problems/:problem/unmute") { try await mark($0, $1, muted: false) }
    }

    private func list(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.problems.scopes)
        let asked = try Self.asked(
            try Query(request, keys: ["state", "kind", "subject", "before"], isForm: true)
        )
        var query = ProblemQuery()
        query.states = asked.state.map { [$0] } ?? []
        query.kinds = asked.kind.map { [$0] } ?? []
        query.about = asked.subject
        let page = try await desk.store.problems(
            of: visit.app,
            query,
            before: try await desk.store.places(
                before: asked.before,
                in: desk.store.logs(.facts, about: asked.subject)
            ),
            limit: RequestLimits.consoleEntries
        )
        let counts = try await desk.store.problemCounts(of: visit.app)
        let named = try await desk.store.named(page.problems, of: visit.app)
        let content = ProblemListPage(
            rows: named.map { ProblemRow($0.problem, clientUserID: $0.clientUserID?.exposed) },
            asked: asked,
            count: { kind, state in
                counts.filter { kind ?? $0.kind == $0.kind && state ?? $0.state == $0.state }
                    .reduce(0) { $0 + $1.count }
            },
            next: page.next?.shown,
            behind: try await desk.store.events(behind: page),
            url: desk.url(),
            clientID: visit.app.clientID
        )
        return desk.answer(content, to: visit, at: .problems)
    }

    private static func asked(_ query: Query) throws(LedgerError) -> ProblemListPage.Asked {
        var asked = ProblemListPage.Asked(state: .open, kind: nil, subject: nil, before: nil)
        if let text = query["state"] {
            asked.state = TrackedProblem.State(rawValue: text)
            guard asked.state != nil || text == ProblemListPage.Asked.allStates else {
                throw .malformed("state must be open, muted, resolved or all.")
            }
        }
        if let text = query["kind"] {
            asked.kind = ProblemKind(rawValue: text)
            guard asked.kind != nil else { throw .malformed("kind is none of problems.") }
        }
        if let text = query["subject"] {
            asked.subject = Identifier(text)
            guard asked.subject != nil else { throw .malformed("subject must be a UUID.") }
        }
        asked.before = query["before"]
        return asked
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.problems.scopes)
        _ = try Query(request, keys: [])
        let named = try await desk.store.existingProblem(context, of: visit.app)
        let events =
            visit.caller.has(.eventsRead)
            ? try await events(behind: named.problem, of: visit.app) : []
        if request.method != .head, !named.problem.name.kind.isOfEndpoint {
            try await record(visit, named.problem.name.about, request, context)
        }
        let content = ProblemPage(
            named.problem,
            clientUserID: named.clientUserID?.exposed,
            events: events,
            mayMute: visit.caller.has(.problemsMute),
            formToken: visit.formToken,
            url: desk.url(),
            clientID: visit.app.clientID
        )
        return desk.answer(content, to: visit, at: .problems)
    }

    /// Before the page leaves, it is on record who looked at whom.
    private func record(
        _ visit: ConsoleVisit,
        _ subject: Identifier,
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws {
        guard
            let user = try await desk.store.user(subject: subject, of: visit.app)
        else { throw LedgerError.notFound }
        try await desk.recordView(of: user, request, context, visit)
    }

    /// The newest first.
    private func events(
        behind problem: TrackedProblem,
        of app: StoredApp
    ) async throws -> [PlacedRecord] {
        var events: [PlacedRecord] = []
        for position in problem.positions.reversed() {
            let log = Log(of: problem.name.about)
            guard let event = try await desk.store.event(at: position, log: log),
                event.app == app.id
            else { continue }
            events.append(event.placed)
        }
        return events
    }

    private func mark(
        _ request: Request,
        _ context: LedgerRequestContext,
        muted isMuted: Bool
    ) async throws -> Response {
        let (visit, _) = try await desk.visit(
            request,
            context,
            anyOf: [.problemsMute],
            fields: []
        )
        let marked = try await desk.store.markProblem(
            context,
            muted: isMuted,
            of: visit.app,
            by: context.recordContext(key: visit.caller)
        )
        // The page that is shown next should say what was done, which it is in any case.
        try? await desk.store.catchUpProblems(Log(of: marked.problem.name.about))
        return ConsoleDesk.redirect(to: ProblemPage.path(marked.problem.name))
    }
}
