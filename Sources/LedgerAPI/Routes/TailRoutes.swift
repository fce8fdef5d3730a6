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

    /// Tells a caller who may read events what happens.
    func follow(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ caller: Caller
    ) async throws -> Response {
        let query = try Query(
            request,
            keys: Query.eventKeys.union(["after", "follow", "from_position", "log", "user"])
        )
        let log = try store.log(query)
        let follows = try Self.follows(query)
        let asked = try await store.eventQuery(query, of: caller.app)
        let start = try await start(request, query, caller, log)
        let headers: HTTPFields = [
            .contentType: "text/event-stream",
            // Some proxies hold answers back until they have much of them.
            .accelBuffering: "no",
        ]
        // Nothing leaves, so nothing is on record.
        guard request.method != .head else { return Response(status: .ok, headers: headers) }
        let place = try tail.room.enter(await Follow(caller, tail.feed(of: log), context))
        let end = follows ? nil : try await store.size(log: log)
        try await store.recordFollow(
            of: log,
            from: start,
            asked,
            app: caller.app,
            context: context.recordContext(key: caller)
        )
        return FollowBody(
            log: log,
            query: asked,
            start: start,
            before: try await store.place(before: start, in: log),
            end: end,
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
        _ log: Log
    ) async throws -> Int64 {
        let isAtEnd = query["from_position"] == "end"
        var start: Int64?
        if isAtEnd {
            guard query["after"] == nil else {
                throw LedgerError.malformed("from_position and after exclude each other.")
            }
        } else {
            start = try await store.start(query, of: caller.app, log)
        }
        guard let text = request.headers[.lastEventID] else {
            return isAtEnd ? try await store.size(log: log) : start ?? 0
        }
        guard let place = LogPlace(text) else {
            throw LedgerError.malformed("Last-Event-ID is none that this log gave out.")
        }
        guard try await store.has(place, in: log) else { throw LedgerError.historyDiffers }
        return place.position + 1
    }
}
