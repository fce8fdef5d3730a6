internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault

/// History: of one user, of an app, and who read what of a user.
struct EventRoutes: Sendable {
    let store: LedgerStore

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users/:client_user_id/events") { try await history($0, $1) }
        router.get("/v1/users/:client_user_id/access") { try await accesses($0, $1) }
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
        let shown = Array(page.prefix(limit))
        let next = page.count > limit ? shown.last?.subjectVersion : nil
        return Self.response(
            shown,
            next: next.map { Self.cursor($0, .history) },
            before: try await cold(between: shown, of: user)
        )
    }

    /// How many of a user's events between these are cold history, and in which bundles; nothing where none is.
    private func cold(
        between events: [StoredEvent],
        of user: StoredUser
    ) async throws -> String {
        let count = events.reduce(0) { $0 + $1.coldBefore }
        guard count > 0 else { return "" }
        let history = try await store.coldHistory(of: user.log)
        let exports = history.cold.map { "\"\($0.export)\"" }.joined(separator: ",")
        return "\"cold\":{\"events\":\(count),\"before\":\(history.before),"
            + "\"exports\":[\(exports)]},"
    }

    private func accesses(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .eventsRead, store: store)
        let query = try Query(request, keys: ["cursor", "limit"])
        let limit = try query.limit()
        let user = try await store.existingUser(context, of: caller.app)
        let cold = try await store.coldHistory(of: user.log.access).before
        let start = query["cursor"] == nil ? cold : try Self.start(query, .access)
        // One more than is shown tells whether the page is the last, and where the next one begins.
        let page = try await store.accesses(of: user, from: start, limit: limit + 1)
        return Self.response(
            Array(page.prefix(limit)),
            next: page.count > limit ? Self.cursor(page[limit].position, .access) : nil,
            // Where accesses are not kept, the list must not look as though there were none.
            before: "\"access_log\":\"\(caller.app.accessRecording.rawValue)\","
                + (cold > 0 ? "\"cold_before\":\(cold)," : "")
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
        let asked = try query.eventQuery(of: caller.app)
        let logs = store.logs.list(try store.logChoice(query), about: asked.subject)
        let beginning = try await store.beginning(of: logs)
        let start = try await store.places(query, .events, in: logs)
        let page = try await store.events(
            asked,
            logs: logs,
            from: start ?? beginning,
            limit: limit
        )
        let next = page.isLast ? nil : try await store.cursor(page.places, .events, in: logs)
        return Self.response(page.events, next: next, before: Self.cold(beginning, logs))
    }

    /// What the list does not begin with, log by log: it must not look as though there were nothing before.
    private static func cold(_ beginning: LogPlaces, _ logs: [Log]) -> String {
        let cold = zip(logs, beginning.reached).filter { $0.1.next > 0 }
            .map { "\"\($0.ownName)\":\($1.next)" }
        return cold.isEmpty ? "" : "\"cold_before\":{\(cold.joined(separator: ","))},"
    }

    private static func start(_ query: Query, _ kind: Cursor.Kind) throws(LedgerError) -> Int64 {
        guard let cursor = query["cursor"] else { return 0 }
        guard let value = Cursor.decode(cursor, kind: kind), let start = Int64(exactly: value)
        else {
            throw .malformed("The cursor is not one of this list.")
        }
        return start
    }

    private static func cursor(_ next: Int64, _ kind: Cursor.Kind) -> String {
        Cursor.encode(UInt128(next), kind: kind)
    }

    /// The records stand in the answer as stored, byte for byte.
    private static func response(
        _ events: [StoredEvent],
        next: String?,
        before members: String = ""
    ) -> Response {
        var buffer = ByteBuffer(string: "{\(members)\"events\":[")
        for (index, event) in events.enumerated() {
            buffer.writeString(index == 0 ? "" : ",")
            buffer.writeEntry(event)
        }
        buffer.writeString("]")
        if let next { buffer.writeString(",\"next_cursor\":\"\(next)\"") }
        buffer.writeString("}")
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: buffer)
        )
    }
}
