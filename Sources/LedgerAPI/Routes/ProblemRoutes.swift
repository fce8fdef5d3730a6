internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault
internal import Wire

/// Problems of users and endpoints, and who wants to hear no more of one (docs/design.md#problems).
struct ProblemRoutes: Sendable {
    let store: LedgerStore

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/problems") { try await list($0, $1) }
        router.get("/v1/problems/:problem") { try await show($0, $1) }
        router.post("/v1/problems/:problem/mute") { try await mark($0, $1, muted: true) }
        router.post("/v1/problems/:problem/unmute") { try await mark($0, $1, muted: false) }
    }

    private func list(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .usersRead, store: store)
        let query = try Query(
            request,
            keys: ["cursor", "kind", "limit", "state", "subject", "user"]
        )
        let asked = try await store.problemQuery(query, of: caller.app)
        let before = try await store.places(
            query,
            .problems,
            in: store.logs(.facts, about: asked.about)
        )
        let page = try await store.problems(
            of: caller.app,
            asked,
            before: before,
            limit: try query.limit()
        )
        let named = try await store.named(page.problems, of: caller.app)
        var writer = JSONWriter()
        writer.open()
        writer.key("problems")
        writer.openArray()
        for problem in named {
            writer.element()
            problem.write(to: &writer)
        }
        writer.closeArray()
        page.writeUntil(to: &writer)
        if let next = page.next {
            writer.member("next_cursor", Cursor.encode(next, kind: .problems))
        }
        writer.close()
        return .json(.ok, writer)
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .usersRead, store: store)
        _ = try Query(request, keys: [])
        return Self.answer(try await store.existingProblem(context, of: caller.app))
    }

    private func mark(
        _ request: Request,
        _ context: LedgerRequestContext,
        muted isMuted: Bool
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .problemsMute, store: store)
        _ = try Query(request, keys: [])
        let marked = try await store.markProblem(
            context,
            muted: isMuted,
            of: caller.app,
            by: context.recordContext(key: caller)
        )
        // Whose problem it is, who may not read users is not told.
        let clientUserID = caller.has(.usersRead) ? marked.clientUserID : nil
        return Self.answer(NamedProblem(problem: marked.problem, clientUserID: clientUserID))
    }

    private static func answer(_ problem: NamedProblem) -> Response {
        var writer = JSONWriter()
        problem.write(to: &writer)
        return .json(.ok, writer)
    }
}

extension LedgerStore {
    /// The problem that a path names; `LedgerError.notFound` for unknown and foreign ones alike.
    func existingProblem(
        _ context: LedgerRequestContext,
        of app: StoredApp
    ) async throws -> NamedProblem {
        guard let name = ProblemName(try context.pathParameter("problem")),
            let named = try await namedProblem(name, of: app)
        else { throw LedgerError.notFound }
        return named
    }

    /// Mutes or unmutes the problem that a path names, as it stands now.
    func markProblem(
        _ context: LedgerRequestContext,
        muted isMuted: Bool,
        of app: StoredApp,
        by record: RecordContext
    ) async throws -> NamedProblem {
        guard let name = ProblemName(try context.pathParameter("problem")),
            let marked = try await mark(name, muted: isMuted, of: app, context: record)
        else { throw LedgerError.notFound }
        return marked
    }

    /// Which problems a query asks for.
    func problemQuery(_ query: Query, of app: StoredApp) async throws -> ProblemQuery {
        var problems = ProblemQuery()
        problems.kinds = try query.words("kind")
        problems.states = try query.words("state")
        if let text = query["subject"] {
            guard let subject = Identifier(text) else {
                throw LedgerError.malformed("subject must be a UUID.")
            }
            problems.about = subject
        }
        guard let text = query["user"] else { return problems }
        guard problems.about == nil else {
            throw LedgerError.malformed("subject and user exclude each other.")
        }
        guard let user = try await user(try ClientUserID.parse(text), of: app) else {
            throw LedgerError.notConnected
        }
        problems.about = user.subject
        return problems
    }
}

extension Query {
    /// Words of a closed list with commas between; none where the key is absent.
    fileprivate func words<Word: RawRepresentable<String> & CaseIterable & Equatable>(
        _ name: String
    ) throws(LedgerError) -> [Word] {
        guard let text = self[name] else { return [] }
        var words: [Word] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let word = Word(rawValue: String(part)) else {
                let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
                throw .malformed("\(name) must be one or more of \(known), with commas between.")
            }
            if !words.contains(word) { words.append(word) }
        }
        return words
    }
}
