internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault

/// History: of one user, and of an app.
struct EventRoutes: Sendable {
    let store: LedgerStore

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users/:client_user_id/events") { try await history($0, $1) }
        router.get("/v1/events") { try await events($0, $1) }
    }

    private func history(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .eventsRead, store: store)
        let query = try Query(request, keys: ["cursor", "limit"])
        let limit = try query.limit()
        let after = try Self.start(query, .history)
        let user = try await store.existingUser(context, of: caller.app)
        // One more than is shown tells whether the page is the last.
        let page = try await store.history(
            of: user,
            after: after,
            limit: limit + 1,
            isListed: true
        )
        return Self.response(
            Array(page.prefix(limit)),
            next: page.count > limit ? after + Int64(limit) : nil,
            .history
        )
    }

    private func events(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .eventsRead, store: store)
        let query = try Query(
            request,
            keys: Query.eventKeys.union(["cursor", "limit", "log"])
        )
        let limit = try query.limit()
        let page = try await store.events(
            try query.eventQuery(of: caller.app),
            log: try store.log(query),
            from: try Self.start(query, .events),
            limit: limit
        )
        return Self.response(page.events, next: page.next, .events)
    }

    private static func start(_ query: Query, _ kind: Cursor.Kind) throws(LedgerError) -> Int64 {
        guard let cursor = query["cursor"] else { return 0 }
        guard let value = Cursor.decode(cursor, kind: kind), let start = Int64(exactly: value)
        else {
            throw .malformed("The cursor is not one of this list.")
        }
        return start
    }

    /// The records stand in the answer as stored, byte for byte.
    private static func response(
        _ events: [StoredEvent],
        next: Int64?,
        _ kind: Cursor.Kind
    ) -> Response {
        var buffer = ByteBuffer(string: "{\"events\":[")
        for (index, event) in events.enumerated() {
            buffer.writeString(index == 0 ? "" : ",")
            buffer.writeString("{\"position\":\(event.position),\"event\":")
            buffer.writeBytes(event.bytes)
            buffer.writeString("}")
        }
        buffer.writeString("]")
        if let next {
            buffer.writeString(
                ",\"next_cursor\":\"\(Cursor.encode(UInt128(next), kind: kind))\""
            )
        }
        buffer.writeString("}")
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: buffer)
        )
    }
}

extension LedgerStore {
    /// Which log a query names: what happened to users, or who read what.
    func log(_ query: Query) throws(LedgerError) -> Log {
        guard let log = Log(name: query["log"] ?? Log.facts.name) else {
            throw .malformed("log must be \"facts\" or \"access\".")
        }
        return log
    }
}
