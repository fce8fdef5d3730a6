internal import ConnectFlow
internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault
internal import Wire

/// Users: state without secrets, the list, recovery, and what backends report.
struct UserRoutes: Sendable {
    let store: LedgerStore
    let recovery: PublicTokenRecovery

    /// Why a backend may call a connection broken.
    ///
    /// A closed list: a reason stands in the log for ever, and free text might hold what must
    /// not.
    private static let brokenReasons = [
        "provider_401", "invalid_token", "access_revoked", "user_request", "other",
    ]

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users") { try await list($0, $1) }
        router.get("/v1/users/:client_user_id") { try await show($0, $1) }
        router.post("/v1/users/:client_user_id/public-token") { try await recover($0, $1) }
        router.post("/v1/users/:client_user_id/broken") { try await reportBroken($0, $1) }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .usersRead, store: store)
        // Whoever asks for an earlier moment here must not be told the present.
        _ = try Query(request, keys: [])
        // Found under the keyed fingerprint of this very id, so the sealed one need not be opened.
        let clientUserID = try context.clientUserID()
        let user = try await store.existingUser(clientUserID, of: caller.app)
        var writer = JSONWriter()
        Self.write(user, clientUserID, to: &writer)
        return .json(.ok, writer)
    }

    private func list(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .usersRead, store: store)
        let query = try Query(request, keys: ["cursor", "limit"])
        let limit = try query.limit()
        var after: Identifier?
        if let cursor = query["cursor"] {
            guard let parsed = Cursor.decode(cursor, kind: .users) else {
                throw LedgerError.malformed("The cursor is not one of this list.")
            }
            after = Identifier(value: parsed)
        }
        // One more than is shown tells whether the page is the last.
        let found = try await store.users(of: caller.app, after: after, limit: limit + 1)
        let page = found.prefix(limit)
        var writer = JSONWriter()
        writer.open()
        writer.key("users")
        writer.openArray()
        for found in page {
            do {
                guard let user = try found.get() else { continue }
                let clientUserID = try store.value(.clientUserID, of: user)
                writer.element()
                Self.write(user, clientUserID, to: &writer)
            } catch {
                // The others are as well as before.
                writer.element()
                Self.write(damaged: found.subject, to: &writer)
            }
        }
        writer.closeArray()
        if found.count > limit, let last = page.last {
            writer.member("next_cursor", Cursor.encode(last.subject.value, kind: .users))
        }
        writer.close()
        return .json(.ok, writer)
    }

    private static func write(damaged subject: Identifier, to writer: inout JSONWriter) {
        writer.open()
        writer.member("subject", subject)
        writer.member("damaged", true)
        writer.close()
    }

    private static func write(
        _ user: StoredUser,
        _ clientUserID: Secret?,
        to writer: inout JSONWriter
    ) {
        writer.open()
        if let clientUserID {
            writer.member("client_user_id", clientUserID.exposed)
        }
        writer.member("subject", user.subject)
        writer.member("subject_version", user.state.version)
        writer.member("status", user.state.status.rawValue)
        writer.member(
            "next_mode",
            (user.state.openingToken == nil ? LaunchMode.create : LaunchMode.edit).rawValue
        )
        writer.versions(of: user.state)
        writer.issueTimes(of: user.state)
        if let reason = user.state.brokenReason { writer.member("reason", reason) }
        writer.member("open_finalizes", Int64(user.state.unsettledFinalizes.count))
        writer.close()
    }

    private func recover(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .tokensRecover, store: store)
        _ = try Query(request, keys: [])
        let recordContext = context.recordContext(key: caller)
        let clientUserID = try context.clientUserID()
        let user = try store.unlocked(
            try await store.existingUser(clientUserID, of: caller.app),
            named: clientUserID
        )
        let before = user.state.publicToken?.version
        let recovered: StoredUser
        if user.state.human == nil {
            guard
                let found = try await recovery.find(user, of: caller.app, context: recordContext)
            else { throw LedgerError.notConnected }
            recovered = found
        } else {
            recovered = try await recovery.recover(user, of: caller.app, context: recordContext)
        }
        guard let held = recovered.state.publicToken,
            let token = try store.value(.publicToken, of: recovered)
        else { throw LedgerError.store(.damaged(.state)) }
        try await store.recordReads(
            [(.publicToken, held.version)],
            of: recovered,
            caller.app,
            key: caller.keyID,
            context: recordContext
        )
        var writer = JSONWriter()
        writer.open()
        writer.member("public_token", token.exposed)
        writer.member("version", held.version)
        writer.member("changed", held.version != before)
        writer.close()
        return .json(.ok, writer)
    }

    private func reportBroken(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .tokensReport, store: store)
        _ = try Query(request, keys: [])
        let body = try await JSONBody(request, keys: ["reason"], isOptional: true)
        let reason = try body.string("reason") ?? "provider_401"
        guard Self.brokenReasons.contains(reason) else {
            throw LedgerError.malformed(
                "reason must be one of " + Self.brokenReasons.joined(separator: ", ") + "."
            )
        }
        let user = try await store.existingUser(context, of: caller.app)
        guard user.state.accessToken != nil else { throw LedgerError.notConnected }
        let recordContext = context.recordContext(key: caller)
        _ = try await store.change(user, of: caller.app) { user in
            // The same report again changes nothing, so it is not an event.
            guard user.state.brokenReason != reason else { return nil }
            var change = Change(context: recordContext)
            change.append(.connectionBroken(reason: reason))
            return change
        }
        var writer = JSONWriter()
        writer.open()
        writer.member("status", SubjectState.Status.broken.rawValue)
        writer.member("reason", reason)
        writer.member("next_step", "launch")
        writer.close()
        return .json(.ok, writer)
    }
}

extension LedgerStore {
    /// The user that a path names; `LedgerError.notConnected` for unknown and foreign ones alike.
    func existingUser(
        _ context: LedgerRequestContext,
        of app: StoredApp
    ) async throws(LedgerError) -> StoredUser {
        try await existingUser(try context.clientUserID(), of: app)
    }

    /// The user with this id of the app's own, as above.
    func existingUser(
        _ id: Secret,
        of app: StoredApp
    ) async throws(LedgerError) -> StoredUser {
        let user: StoredUser?
        do {
            user = try await self.user(id, of: app)
        } catch {
            throw .store(error)
        }
        guard let user else { throw .notConnected }
        return user
    }
}

extension LedgerRequestContext {
    /// The app's own id of the user that the path names.
    func clientUserID() throws(LedgerError) -> Secret {
        try ClientUserID.parse(try pathParameter("client_user_id"))
    }
}

extension JSONWriter {
    /// `"versions":{…}`, with the tokens that are held.
    mutating func versions(of state: SubjectState) {
        key("versions")
        open()
        if let token = state.accessToken { member("access_token", token.version) }
        if let token = state.publicToken { member("public_token", token.version) }
        close()
    }

    /// `"issued_at":{…}`, with the tokens that are held.
    mutating func issueTimes(of state: SubjectState) {
        key("issued_at")
        open()
        if let token = state.accessToken { member("access_token", token.issuedAt) }
        if let token = state.publicToken { member("public_token", token.issuedAt) }
        close()
    }
}
