internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// Exports: those of the past, and a form for another one.
struct ConsoleExportRoutes: Sendable {
    let desk: ConsoleDesk
    let exports: ExportRoutes

    /// How soon a page that watches comes again.
    private static let watchSeconds = "1"
    private static let fields: Set = ["log", "format", "type", "subject", "since", "until"]

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("exports") { try await show($0, $1) }
        group.post("export") { request, context in
            let (visit, form) = try await desk.visit(
                request,
                context,
                anyOf: [.export],
                fields: Self.fields
            )
            let query = try Query(form.fields, keys: Self.fields)
            return try await exports.export(query, request, context, visit.caller)
        }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.exports.scopes)
        let query = try Query(request, keys: ["before", "watch"], isForm: true)
        var events: [StoredEvent] = []
        var next: String?
        if visit.caller.has(.eventsRead) {
            let exported = EventQuery(clientID: visit.app.clientID, types: ["log.exported"])
            let logs = desk.store.logs.list(.access)
            let page = try await desk.store.latestEvents(
                exported,
                logs: logs,
                before: try await desk.places(before: query["before"], in: logs),
                limit: RequestLimits.consoleEntries
            )
            events = page.events
            next = page.isLast ? nil : try await desk.shown(page.places, in: logs)
        }
        let labels = try await labels(visit)
        let running = exports.room.running(of: visit.app.id).map { running in
            ExportsPage.Running(
                who: labels[running.actor] ?? running.actor,
                log: running.log,
                began: running.beganAt,
                positions: running.positions.map { ($0, running.reached) }
            )
        }
        let content = ExportsPage(
            running: running,
            isWatching: query["watch"] != nil,
            rows: events.map { event in
                let placed = event.placed
                return ExportsPage.Row(placed, who: placed.record.flatMap { labels[$0.actor] })
            },
            next: next,
            may: (visit.caller.has(.export), visit.caller.has(.eventsRead)),
            recording: visit.app.accessRecording,
            hasCold: try await desk.store.beginning(of: desk.store.logs.list(.access)).reached
                .contains { $0.next > 0 },
            formToken: visit.formToken,
            clientID: visit.app.clientID,
            url: desk.url()
        )
        var response = desk.answer(content, to: visit, at: .exports)
        // Browsers load the page again, without a script.
        if query["watch"] != nil { response.headers[.refresh] = Self.watchSeconds }
        return response
    }

    /// What people call the keys, by actor; for those who may see the keys.
    private func labels(_ visit: ConsoleVisit) async throws -> [String: String] {
        guard visit.caller.has(.settingsRead) else { return [:] }
        var labels: [String: String] = [:]
        for listed in try await desk.store.apiKeys(of: visit.app) {
            guard let label = listed.key.label else { continue }
            labels["key:\(listed.key.id)"] = "\(label) (key:\(listed.key.id))"
        }
        return labels
    }
}
