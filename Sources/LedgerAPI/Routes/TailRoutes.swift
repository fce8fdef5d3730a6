internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Vault

/// What happens, as it happens: server-sent events (WHATWG HTML, section 9.2).
///
/// A follow is on record, durable, before its first byte leaves (docs/threats.md#t28).
struct TailRoutes: Sendable {
    let store: LedgerStore
    let tail: EventTail
    let logger: Logger

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/events/tail") { request, context in
            let caller = try await Caller(request, context, scope: .eventsRead, store: store)
            return try await follow(request, context, caller)
        }
    }

    /// Tells a caller who may read events what happens; `isOfOneLog` where the log that the query names is
    /// meant alone, also where its name is that of a kind.
    func follow(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ caller: Caller,
        isOfOneLog: Bool = false
    ) async throws -> Response {
        let query = try Query(
            request,
            keys: Query.eventKeys.union(["after", "follow", "from_position", "log", "user"])
        )
        let choice = try store.logChoice(query)
        let follows = try Self.follows(query)
        let asked = try await store.eventQuery(query, of: caller.app)
        let logs =
            isOfOneLog ? [choice.log] : store.logs.list(choice, about: asked.subject)
        let start = try await start(request, query, caller, logs)
        try await store.requireWarm(start, in: logs)
        let headers: HTTPFields = [
            .contentType: "text/event-stream",
            // Some proxies hold answers back until they have much of them.
            .accelBuffering: "no",
        ]
        // Nothing leaves, so nothing is on record.
        guard request.method != .head else { return Response(status: .ok, headers: headers) }
        let place = try tail.room.enter(await Follow(caller, context))
        let ends = follows ? nil : try await store.ends(of: logs)
        try await store.recordFollow(
            of: logs,
            from: start,
            asked,
            app: caller.app,
            context: context.recordContext(key: caller)
        )
        return FollowBody(
            logs: logs,
            query: asked,
            start: logs.count == 1
                ? try await store.seen(start, in: logs) : try await store.known(start, in: logs),
            ends: ends,
            place: place,
            tail: tail,
            store: store,
            requestID: context.requestID,
            logger: logger
        ).response(headers)
    }

    /// Whether what comes is wanted, too.
    private static func follows(_ query: Query) throws(LedgerError) -> Bool {
        switch query["follow"] ?? "true" {
        case "true": true
        case "false": false
        default: throw .malformed("follow must be \"true\" or \"false\".")
        }
    }

    /// Where it begins: what a client sends by itself when it comes back is later than what its address
    /// says.
    private func start(
        _ request: Request,
        _ query: Query,
        _ caller: Caller,
        _ logs: [Log]
    ) async throws -> LogPlaces {
        let isAtEnd = query["from_position"] == "end"
        var start: LogPlaces?
        if isAtEnd {
            guard query["after"] == nil else {
                throw LedgerError.malformed("from_position and after exclude each other.")
            }
        } else {
            start = try await store.start(query, of: caller.app, logs)
        }
        guard let text = request.headers[.lastEventID] else {
            guard isAtEnd else { return start ?? .beginning(count: logs.count) }
            return LogPlaces(try await store.ends(of: logs).map { LogPlaces.Reached(next: $0) })
        }
        guard let places = store.kept(in: logs.count, { Self.places(text, $0) }) else {
            throw LedgerError.malformed("Last-Event-ID is none that this log gave out.")
        }
        guard try await store.has(places, in: logs) else { throw LedgerError.historyDiffers }
        return places
    }

    /// What a follow of so many logs gave out with an event.
    private static func places(_ text: String, _ count: Int) -> LogPlaces? {
        guard count == 1 else { return LogPlaces(text, count: count) }
        return LogPlace(text).map { LogPlaces([LogPlaces.Reached(behind: $0)]) }
    }
}
