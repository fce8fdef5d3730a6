internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import StateMap
internal import Vault
internal import Wire

/// `GET /v1/users/{client_user_id}/tokens`: the current tokens, or those of an earlier moment.
struct TokenRoutes: Sendable {
    let store: LedgerStore
    let proofs: StateProofs

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users/:client_user_id/tokens") { try await tokens($0, $1) }
    }

    private func tokens(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .tokensRead, store: store)
        let query = try Query(request, keys: ["as_of", "as_of_position", "proof"])
        let isProved = try Self.isProved(query)
        let id = try context.clientUserID()
        let user = try await store.existingUser(id, of: caller.app)
        let state = try await state(of: user, query)
        guard let access = state.accessToken, let publicToken = state.publicToken else {
            throw LedgerError.notConnected
        }
        // A proof is as old as its statement, so an answer with one is never the same.
        let tag = isProved ? nil : Self.entityTag(user.subject, state)
        if let tag, let known = request.headers[.ifNoneMatch], EntityTag.matches(known, tag) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        let unlocked = try store.unlocked(user, named: id)
        var writer = JSONWriter()
        writer.open()
        writer.member("status", state.status.rawValue)
        if let humanID = try store.value(.humanID, of: unlocked) {
            writer.member("human_id", humanID.exposed)
        }
        writer.member("access_token", try await value(.accessToken, access, unlocked))
        writer.member("public_token", try await value(.publicToken, publicToken, unlocked))
        writer.versions(of: state)
        writer.issueTimes(of: state)
        if let reason = state.brokenReason {
            writer.member("reason", reason)
            writer.member("next_step", "launch")
        }
        if isProved {
            let sought = ProvedTokens(of: user.subject, state)
            let proved = try await proofs.document(of: id, in: caller.app, showing: sought)
            writer.member("proof", String(decoding: proved.bytes, as: UTF8.self))
        }
        writer.close()
        // No token leaves, so none is on record as read.
        guard request.method != .head else {
            var response = Response(status: .ok, headers: [.contentType: "application/json"])
            response.headers[.eTag] = tag
            return response
        }
        // Before the answer leaves, it is on record who asked for which token
        // (docs/threats.md#t28).
        try await store.recordReads(
            [(.accessToken, access.version), (.publicToken, publicToken.version)],
            of: user,
            caller.app,
            key: caller.keyID,
            context: context.recordContext(key: caller)
        )
        var response = Response.json(.ok, writer)
        response.headers[.eTag] = tag
        return response
    }

    private static func isProved(_ query: Query) throws(LedgerError) -> Bool {
        guard let text = query["proof"] else { return false }
        guard text == "true" else { throw .malformed("proof must be \"true\".") }
        guard query["as_of"] == nil, query["as_of_position"] == nil else {
            throw .malformed("Only what is current is proved: proof excludes as_of.")
        }
        return true
    }

    /// The value of a token of the state asked for, which may be an earlier one.
    private func value(
        _ kind: TokenKind,
        _ token: SubjectState.HeldToken,
        _ user: StoredUser
    ) async throws -> String {
        let value =
            user.state.token(kind) == token
            ? try store.value(kind.valueKind, of: user)
            : try await store.value(kind.valueKind, token, of: user)
        guard let value else {
            throw await store.absence(of: kind, version: token.version, of: user)
        }
        return value.exposed
    }

    /// The user's state now, or the fold over the events up to a time or position.
    private func state(of user: StoredUser, _ query: Query) async throws -> SubjectState {
        guard let bound = try MomentBound(query) else { return user.state }
        var state = SubjectState()
        var stateThen = state
        // Nobody is told of damage behind the moment that is asked for.
        var isDamaged = false
        var pages = store.pages(of: user, isListed: true)
        while let page = try await pages.next() {
            for event in page {
                if bound.isBefore(event.position) { return stateThen }
                let record = try event.genuineRecord()
                // Launches change nothing of what is told here.
                state.passOver(event.coldBefore)
                if !isDamaged {
                    do { try state.apply(record) } catch { isDamaged = true }
                }
                // Clocks of several copies may differ, the order of positions does not: the story is
                // told up to the last record that was made by then.
                guard let record, bound.includes(event.position, record.time) else { continue }
                guard !isDamaged else { throw LedgerError.store(.damaged(.record)) }
                stateThen = state
            }
        }
        return stateThen
    }

    /// Strong: it names the user and everything that the answer depends on.
    private static func entityTag(_ subject: Identifier, _ state: SubjectState) -> String {
        let versions =
            "\(state.accessToken?.version ?? 0)-\(state.publicToken?.version ?? 0)"
        return "\"\(subject)-\(versions)-\(state.status.rawValue)"
            + "\(state.brokenReason.map { "-" + $0 } ?? "")\""
    }
}

/// The end of the part of history that a question is about.
private enum MomentBound {
    case time(Timestamp)
    case position(Int64)

    /// Nil when the question is about now.
    init?(_ query: Query) throws(LedgerError) {
        switch (try query.time("as_of"), try query.position("as_of_position")) {
        case (nil, nil): return nil
        case (let time?, nil): self = .time(time)
        case (nil, let position?): self = .position(position)
        case (_?, _?):
            throw .malformed("as_of and as_of_position exclude each other.")
        }
    }

    /// Whether nothing from a position on belongs to it.
    func isBefore(_ position: Int64) -> Bool {
        switch self {
        case .time: false
        case .position(let bound): position > bound
        }
    }

    func includes(_ position: Int64, _ time: Timestamp) -> Bool {
        switch self {
        case .time(let bound): time <= bound
        case .position(let bound): position <= bound
        }
    }
}
