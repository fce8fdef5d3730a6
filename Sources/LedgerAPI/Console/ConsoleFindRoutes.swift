internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Traces
internal import Vault
internal import Wire

/// The box into which anything may be pasted.
///
/// It is posted, never put into a URL: it may be a token.
struct ConsoleFindRoutes: Sendable {
    let desk: ConsoleDesk

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.post("find") { try await find($0, $1) }
    }

    /// What was found so far, and what was looked for.
    private struct Search {
        var matches: [FoundPage.Match] = []
        var paths: [String] = []
        var tried: [String] = []

        mutating func add(_ what: String, _ name: String, _ path: String) {
            guard !paths.contains(path) else { return }
            paths.append(path)
            matches.append(FoundPage.Match(what: what, name: name, path: path))
        }

        mutating func add(_ what: String, _ event: StoredEvent) {
            let name = "Position \(event.position) of \(event.log.name)"
            add(what, name, event.placed.path)
        }
    }

    private func find(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (visit, form) = try await desk.visit(request, context, fields: ["q"])
        let text = Self.trimmed(form["q"] ?? "")
        guard !text.isEmpty, text.utf8.count <= RequestLimits.tokenBytesMax,
            !text.hasControlCharacter
        else { throw LedgerError.malformed("There is nothing that could be looked for.") }
        var search = Search()
        try await findUser(text, visit, &search)
        if visit.caller.has(.eventsRead) { try await findEvents(text, visit, &search) }
        if visit.caller.has(.settingsRead), Self.isKeyID(text) {
            search.tried.append("An API key of this id.")
            if let key = try await desk.store.apiKey(text), key.app == visit.app.id {
                search.add("API key", text, "/console/app#key-\(text)")
            }
        }
        // These look through stretches of the logs: only for what has no index of its own.
        if search.matches.isEmpty, visit.caller.has(.eventsRead) {
            if let id = Identifier(text) { try await findRequest(id, visit, &search) }
            if search.matches.isEmpty { try await findTrace(text, visit, &search) }
        }
        if search.matches.isEmpty {
            let record = context.recordContext(key: visit.caller)
            try await findToken(Secret(text), visit, record, &search)
        }
        if search.matches.count == 1 { return ConsoleDesk.redirect(to: search.paths[0]) }
        let content = FoundPage(matches: search.matches, tried: search.tried)
        let status: HTTPResponse.Status = search.matches.isEmpty ? .notFound : .ok
        return desk.answer(content, to: visit, at: nil, status: status)
    }

    /// Whether it can be the id of an API key: nothing else may become a parameter of a statement, for the
    /// server's log may show those, and it may be a token.
    private static func isKeyID(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// What is pasted often has blanks around it.
    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }

    private func findUser(
        _ text: String,
        _ visit: ConsoleVisit,
        _ search: inout Search
    ) async throws {
        if visit.caller.has(.usersRead) {
            search.tried.append("A user of this id.")
            if let id = try? ClientUserID.parse(text),
                let user = try await desk.store.user(id, of: visit.app)
            {
                search.add("User", text, "/console/users/\(user.subject)")
            }
        }
        guard visit.caller.has(.usersRead) || visit.caller.has(.eventsRead),
            let subject = Identifier(text)
        else { return }
        search.tried.append("A user of this pseudonym.")
        if try await desk.store.user(subject: subject, of: visit.app) != nil {
            search.add("User by pseudonym", text, "/console/users/\(subject)")
        }
    }

    private func findEvents(
        _ text: String,
        _ visit: ConsoleVisit,
        _ search: inout Search
    ) async throws {
        if let position = URLText.number(text) {
            search.tried.append("The position of an event.")
            for log in desk.store.logs.ofEvents {
                guard let event = try await event(at: position, log), event.app == visit.app.id
                else { continue }
                search.add("Event", event)
            }
        }
        if let id = Identifier(text) {
            search.tried.append("An event, a launch or a finalize of this id.")
            if let event = try await event(id), event.app == visit.app.id {
                search.add("Event", event)
            }
        }
        for log in desk.store.logs.list(.facts) + desk.store.logs.list(.access) {
            let cold = try await desk.store.coldHistory(of: log).before
            guard cold > 0 else { continue }
            search.tried.append(
                log.kind == .facts
                    ? "In the log of \(log.name) nothing of a request, a trace or a time before position \(cold): launches there are cold history."
                    : "Nothing in the log of \(log.name) before position \(cold): that is cold history, in bundles."
            )
        }
    }

    /// The event at a position; nil where it is cold.
    private func event(at position: Int64, _ log: Log) async throws -> StoredEvent? {
        do {
            return try await desk.store.event(at: position, log: log)
        } catch {
            guard case .cold = error else { throw error }
            return nil
        }
    }

    /// The event of an id; nil where it may be cold.
    private func event(_ id: Identifier) async throws -> StoredEvent? {
        do {
            return try await desk.store.event(named: id)
        } catch {
            guard case .cold = error else { throw error }
            return nil
        }
    }

    /// The id of a request says when it came, and so about where in the logs its events are.
    private func findRequest(
        _ id: Identifier,
        _ visit: ConsoleVisit,
        _ search: inout Search
    ) async throws {
        search.tried.append("Events of a request of this id.")
        let time = Timestamp(microseconds: Int64(id.value >> 80) * 1_000)
        guard time < desk.store.clock.now().adding(seconds: RequestLimits.requestTimeAfter) else {
            return
        }
        for log in desk.store.logs.ofEvents {
            let start = try await desk.store.position(
                of: log,
                at: time.adding(seconds: -RequestLimits.clockSlack)
            )
            let end = try await desk.store.position(
                of: log,
                at: time.adding(seconds: RequestLimits.requestTimeAfter)
            )
            let found = try await desk.store.latestEvents(
                of: visit.app,
                holding: "\"requestid\":\"\(id)\"",
                log: log,
                from: start,
                before: end
            )
            for event in found.events { search.add("Event of the request", event) }
        }
    }

    /// A trace stands in records under a pseudonym; nothing says when it was.
    private func findTrace(
        _ text: String,
        _ visit: ConsoleVisit,
        _ search: inout Search
    ) async throws {
        let sent = text.utf8.count == 32 ? "00-\(text)-0000000000000001-01" : text
        guard let context = TraceContext(sent) else { return }
        // Version, trace id and the dash behind it.
        let trace = visit.caller.recordedTrace(context).prefix(36)
        for log in desk.store.logs.ofEvents {
            let found = try await desk.store.latestEvents(
                of: visit.app,
                holding: "\"traceparent\":\"\(trace)",
                log: log,
                before: try await desk.store.size(log: log)
            )
            search.tried.append(
                "Events of this trace in the log of \(log.name), from position \(found.from) on."
            )
            for event in found.events { search.add("Event of the trace", event) }
        }
    }

    private func findToken(
        _ token: Secret,
        _ visit: ConsoleVisit,
        _ record: RecordContext,
        _ search: inout Search
    ) async throws {
        guard visit.caller.has(.tokensSearch) else {
            search.tried.append("Not whether it is a token: the key lacks tokens:search.")
            return
        }
        search.tried.append("A token of this value; that is on record now.")
        for match in try await desk.store.search(token, of: visit.app, context: record) {
            let holding = match.holding
            let kind = holding.kind == .accessToken ? "Access token" : "Public token"
            search.add(
                "\(kind) \(holding.version)" + (holding.until == nil ? ", current" : ""),
                "User \(match.user.subject)",
                "/console/users/\(match.user.subject)?at=\(holding.from.position)"
            )
        }
    }
}
