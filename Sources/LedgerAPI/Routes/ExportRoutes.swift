internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Vault
internal import Wire

/// Records in bulk, and whose the pseudonyms in them are.
///
/// An export ends where the log ended when the request began, however much is appended meanwhile.
/// It is on record, durable, before its first byte leaves (docs/threats.md#t28).
struct ExportRoutes: Sendable {
    let store: LedgerStore
    let room: ExportRoom
    let logger: Logger

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/export") { request, context in
            let caller = try await Caller(request, context, scope: .export, store: store)
            return try await export(try Query(request, keys: Self.keys), request, context, caller)
        }
        router.get("/v1/export/identities") { try await identities($0, $1) }
    }

    private static let keys = Query.eventKeys.union([
        "format", "header", "log", "from_position", "until_position", "after", "user",
    ])

    /// Gives a caller who may export what a query asks for.
    func export(
        _ query: Query,
        _ request: Request,
        _ context: LedgerRequestContext,
        _ caller: Caller
    ) async throws -> Response {
        let form = try ExportForm(query)
        let choice = try store.logChoice(query)
        let asked = try await store.eventQuery(query, of: caller.app)
        let logs = store.logs.list(choice, about: asked.subject)
        let pages = ExportPages(
            store: store,
            requests: try await requests(query, logs, asked, caller)
        )
        let head = ExportHead(
            request,
            contentType: form.contentType,
            fileName: "\(query["log"] ?? "facts").\(form.format.rawValue)"
        )
        // Nothing leaves, so nothing is on record.
        guard request.method != .head else { return Response(status: .ok, headers: head.fields) }
        let running = try enter(pages, caller, context)
        try await store.recordExport(
            pages.requests,
            id: store.clock.identifier(),
            format: form.format,
            context: context.recordContext(key: caller)
        )
        // The first page is read before the answer begins, so that an error is still an error.
        return ExportBody(
            first: try await running.part(at: pages.start),
            next: \.next,
            read: { try await running.part(at: $0) },
            head: form.head,
            spell: { try form.append($0.page, to: &$1) },
            running: running,
            reader: await StandingCaller(caller, context),
            store: store,
            requestID: context.requestID,
            logger: logger
        ).response(head)
    }

    private func identities(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .exportIdentities, store: store)
        let query = try Query(request, keys: ["subject", "user"])
        let asked = try await store.eventQuery(query, of: caller.app)
        var requests: [ExportRequest] = []
        for log in store.logs(.facts, about: asked.subject) {
            requests.append(
                ExportRequest(
                    log: log,
                    query: asked,
                    apps: [caller.app],
                    positions: 0..<(try await store.size(log: log))
                )
            )
        }
        let pages = ExportPages(store: store, requests: requests)
        let head = ExportHead(
            request,
            contentType: "application/x-ndjson",
            fileName: "identities.ndjson"
        )
        guard request.method != .head else { return Response(status: .ok, headers: head.fields) }
        let running = try enter(pages, isOfUsers: true, caller, context)
        try await store.recordExport(
            pages.requests,
            id: store.clock.identifier(),
            format: .identities,
            identities: true,
            context: context.recordContext(key: caller)
        )
        let read = { @Sendable [store] (after: Identifier?) async throws -> IdentityPage in
            guard let subject = asked.subject else {
                let page = try await store.identities(of: caller.app, after: after)
                return IdentityPage(identities: page.identities, next: page.next)
            }
            return IdentityPage(
                identities: try await store.identities(of: [subject], app: caller.app),
                next: nil
            )
        }
        return ExportBody(
            first: try await read(nil),
            next: \.next,
            read: { try await read($0) },
            head: [],
            spell: { page, bytes in page.append(to: &bytes) },
            running: running,
            reader: await StandingCaller(caller, context),
            store: store,
            requestID: context.requestID,
            logger: logger
        ).response(head)
    }

    /// A place for an export, which those who watch see.
    private func enter(
        _ pages: ExportPages,
        isOfUsers: Bool = false,
        _ caller: Caller,
        _ context: LedgerRequestContext
    ) throws -> RunningExport {
        let running = RunningExport(
            pages,
            isOfUsers: isOfUsers,
            for: caller,
            context.recordContext(key: caller),
            at: store.clock.now(),
            place: try room.enter(caller.app.id)
        )
        room.show(running)
        return running
    }

    /// What is asked for of each log, as far as the log goes now.
    private func requests(
        _ query: Query,
        _ logs: [Log],
        _ asked: EventQuery,
        _ caller: Caller
    ) async throws -> [ExportRequest] {
        let request = { (log: Log, positions: Range<Int64>) in
            ExportRequest(log: log, query: asked, apps: [caller.app], positions: positions)
        }
        guard logs.count == 1 else {
            let start = try await start(query, caller, logs)
            let ends = try await store.ends(of: logs)
            // Before anything is sent: of later logs it would be found in the middle.
            for (index, log) in logs.enumerated().dropFirst(start.index) {
                let next = index == start.index ? start.next : 0
                try await store.requireWarm(LogPlaces([.init(next: next)]), in: [log])
            }
            return zip(logs, ends).dropFirst(start.index).map { log, end in
                request(log, (log == logs[start.index] ? min(start.next, end) : 0)..<end)
            }
        }
        let size = try await store.size(log: logs[0])
        let start = try await store.start(query, of: caller.app, logs)?.reached[0].next ?? 0
        let end = try query.position("until_position") ?? size
        guard query["until_position"] == nil || end >= start else {
            throw LedgerError.malformed("until_position must not be before the beginning.")
        }
        return [request(logs[0], start..<max(start, min(end, size)))]
    }

    /// Where an export of several logs begins: they come one after the other, so an event names a place
    /// among all of them, and a position only in a log that is named.
    private func start(
        _ query: Query,
        _ caller: Caller,
        _ logs: [Log]
    ) async throws -> (index: Int, next: Int64) {
        guard try query.position("until_position") == nil else {
            throw LedgerError.malformed(
                "until_position is for one log: log must name it, as \(logs[0].ownName)."
            )
        }
        guard let text = query["after"], try query.position("from_position") == nil else {
            _ = try await store.start(query, of: caller.app, logs)
            return (0, 0)
        }
        guard let id = Identifier(text), let event = try await store.event(named: id),
            event.app == caller.app.id, let index = logs.firstIndex(of: event.log)
        else { throw LedgerError.malformed("after must be the id of an event of these logs.") }
        return (index, event.position + 1)
    }
}

/// A page of users, as lines.
private struct IdentityPage: Sendable {
    let identities: [UserIdentity]
    let next: Identifier?

    func append(to bytes: inout [UInt8]) {
        for identity in identities {
            var writer = JSONWriter()
            writer.open()
            writer.member("subject", identity.subject)
            if let clientUserID = identity.clientUserID {
                writer.member("client_user_id", clientUserID.exposed)
            }
            if let humanID = identity.humanID { writer.member("human_id", humanID.exposed) }
            if identity.isDamaged { writer.member("damaged", true) }
            writer.close()
            bytes += writer.bytes
            bytes.append(UInt8(ascii: "\n"))
        }
    }
}
