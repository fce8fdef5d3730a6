internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore

/// History: of one user, of an app, and as an export.
struct EventRoutes: Sendable {
    let store: LedgerStore

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users/:client_user_id/events") { try await history($0, $1) }
        router.get("/v1/events") { try await events($0, $1) }
        router.get("/v1/export") { try await export($0, $1) }
    }

    private func history(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, scope: .eventsRead, store: store)
        let query = try Query(request, keys: ["cursor", "limit"])
        let limit = try query.limit()
        let after = try Self.start(query, .history)
        let user = try await store.existingUser(context, of: caller.app)
        let page = try await store.history(of: user, after: after, limit: limit)
        return Self.response(
            page,
            next: page.count == limit ? after + Int64(page.count) : nil,
            .history
        )
    }

    private func events(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, scope: .eventsRead, store: store)
        let query = try Query(
            request,
            keys: ["cursor", "limit", "type", "subject", "since", "until", "log"]
        )
        let limit = try query.limit()
        var filter = EventFilter(app: caller.app.id)
        filter.type = query["type"]
        filter.since = try query.time("since")
        filter.until = try query.time("until")
        if let subject = query["subject"] {
            guard let id = Identifier(subject) else {
                throw LedgerError.malformed("subject must be a UUID.")
            }
            filter.subject = id
        }
        let page = try await store.events(
            filter,
            logID: try store.logID(query),
            from: try Self.start(query, .events),
            limit: limit
        )
        return Self.response(page.events, next: page.next, .events)
    }

    /// The log's records, one a line, exactly as stored.
    private func export(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, scope: .export, store: store)
        let query = try Query(request, keys: ["format", "from_position", "after", "log"])
        guard query["format"] ?? "ndjson" == "ndjson" else {
            throw LedgerError.malformed("format must be ndjson.")
        }
        let logID = try store.logID(query)
        let filter = EventFilter(app: caller.app.id)
        // The first page is read before the answer begins, so that an error is still an error.
        let first = try await store.events(
            filter,
            logID: logID,
            from: try await exportStart(query, caller, logID),
            limit: Self.exportPage
        )
        let body = ResponseBody { writer in
            var page = first
            while true {
                var buffer = ByteBuffer()
                for event in page.events {
                    buffer.writeBytes(event.bytes)
                    buffer.writeInteger(UInt8(ascii: "\n"))
                }
                try await writer.write(buffer)
                guard let next = page.next else { break }
                page = try await store.events(
                    filter,
                    logID: logID,
                    from: next,
                    limit: Self.exportPage
                )
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: body
        )
    }

    /// Where an export begins: at a position, or after the last event that the caller has got.
    private func exportStart(
        _ query: Query,
        _ caller: Caller,
        _ logID: Int32
    ) async throws -> Int64 {
        switch (query["from_position"], query["after"]) {
        case (nil, nil): return 0
        case (let text?, nil):
            guard let position = Int64(text), position >= 0 else {
                throw LedgerError.malformed("from_position must be a position, 0 or greater.")
            }
            return position
        case (nil, let text?):
            guard let id = Identifier(text), let event = try await store.event(id: id),
                event.app == caller.app.id, event.logID == logID
            else { throw LedgerError.malformed("after must be the id of an event of this log.") }
            return event.position + 1
        case (_?, _?):
            throw LedgerError.malformed("from_position and after exclude each other.")
        }
    }

    /// Records per round trip and write of an export.
    private static let exportPage = 1_000

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
    func logID(_ query: Query) throws(LedgerError) -> Int32 {
        switch query["log"] ?? "facts" {
        case "facts": return administrationLog
        case "access": return accessLog
        default: throw .malformed("log must be \"facts\" or \"access\".")
        }
    }
}
