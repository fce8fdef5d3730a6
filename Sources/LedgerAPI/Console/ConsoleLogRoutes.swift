internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The last events of a log, and those that come.
struct ConsoleLogRoutes: Sendable {
    let desk: ConsoleDesk
    let tail: TailRoutes

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("log") { try await show($0, $1) }
        group.get("tail") { request, context in
            let visit = try await desk.visit(request, context, anyOf: [.eventsRead])
            // To follow is on record: no other site's page may make it so.
            guard !request.isFromOtherSite else { throw ConsoleRefusal.foreignPage }
            return try await tail.follow(request, context, visit.caller, isOfOneLog: true)
        }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.log.scopes)
        let query = try Query(
            request,
            keys: Query.eventKeys.union(["log", "before"]),
            isForm: true
        )
        let log = try desk.store.log(query)
        let events = try query.eventQuery(of: visit.app)
        let before = try query.position("before")
        let size = try await desk.store.size(log: log)
        var end = min(before ?? size, size)
        var start: Int64 = 0
        // Where the log is long, what is long past is not looked for from its end, nor before its time.
        if let until = events.before {
            let time = until.adding(seconds: RequestLimits.clockSlack)
            end = min(end, try await desk.store.position(of: log, at: time))
        }
        if let since = events.since {
            let time = since.adding(seconds: -RequestLimits.clockSlack)
            start = try await desk.store.position(of: log, at: time)
        }
        let page = try await desk.store.latestEvents(
            events,
            log: log,
            from: start,
            before: end,
            limit: RequestLimits.consoleEntries
        )
        let content = LogPage(
            page.events.map(\.placed),
            asked: LogPage.Asked(
                log: log,
                types: query["type"],
                subject: query["subject"],
                since: query["since"],
                until: query["until"],
                before: before
            ),
            logs: desk.store.logs,
            next: page.next,
            end: size,
            coldBefore: try await desk.store.coldHistory(of: log).before,
            url: desk.url()
        )
        return desk.answer(content, to: visit, at: .log)
    }
}
