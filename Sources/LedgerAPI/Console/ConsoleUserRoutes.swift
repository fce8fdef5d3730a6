internal import ConnectFlow
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The list of users, and each one's page.
struct ConsoleUserRoutes: Sendable {
    let desk: ConsoleDesk
    let launcher: Launcher

    /// Of everybody on a list.
    private static let statuses: [SubjectState.Status] = [.launched, .connected, .broken]

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("users") { try await list($0, $1) }
        group.get("users/:subject") { try await show($0, $1) }
        group.post("users/:subject/reveal") { try await reveal($0, $1) }
        group.post("users/:subject/launch") { try await launch($0, $1) }
    }

    private func list(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.users.scopes)
        let query = try Query(request, keys: ["status", "before"], isForm: true)
        let status = try query["status"].map { text throws(LedgerError) in
            guard let status = Self.statuses.first(where: { $0.rawValue == text }) else {
                throw .malformed("status is none that users on the list have.")
            }
            return status
        }
        let before = try query["before"].map { text throws(LedgerError) in
            guard let subject = Identifier(text) else { throw .malformed("before must be a UUID.") }
            return subject
        }
        let page = try await desk.store.newestUsers(
            of: visit.app,
            in: status,
            before: before,
            limit: RequestLimits.consoleEntries
        )
        let content = UserListPage(
            rows: page.users.compactMap { row($0) },
            status: status?.rawValue,
            statuses: Self.statuses.map(\.rawValue),
            next: page.next?.description,
            copy: CopyLines(
                url: "\(desk.url())/v1/users?limit=\(RequestLimits.consoleEntries)",
                command: "user list --app \(visit.app.clientID)"
                    + (status.map { " --status \($0.rawValue)" } ?? "")
                    + (before.map { " --before \($0)" } ?? "")
            )
        )
        return desk.answer(content, to: visit, at: .users)
    }

    /// One that is damaged hides no other; one who was erased meanwhile is on no list.
    private func row(_ found: FoundUser) -> UserListPage.Row? {
        switch found {
        case .erased: return nil
        case .damaged(let subject): return UserListPage.Row(damaged: "\(subject)")
        case .user(let user):
            guard let clientUserID = try? desk.store.value(.clientUserID, of: user) else {
                return UserListPage.Row(damaged: "\(user.subject)")
            }
            let state = user.state
            let since = [state.accessToken?.issuedAt, state.publicToken?.issuedAt].compactMap { $0 }
            return UserListPage.Row(
                subject: "\(user.subject)",
                clientUserID: clientUserID.exposed,
                status: state.status.rawValue,
                versions: (state.accessToken?.version, state.publicToken?.version),
                since: since.max().map { ShownTime($0) },
                openFinalizes: state.unsettledFinalizes.count
            )
        }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: [.usersRead, .eventsRead])
        let query = try Query(request, keys: ["at", "event", "time", "view"], isForm: true)
        let user = try await desk.user(context, visit)
        let path = "/console/users/\(user.subject)"
        var parts = UserPage.Parts()
        parts.mayReveal =
            visit.caller.has(.tokensReveal) && visit.app.accessRecording == .full
        parts.mayLaunch = visit.caller.has(.launch)
        parts.bindsLaunches = visit.app.policies.contains(.challengeRequired)
        var clientUserID: Secret?
        if visit.caller.has(.usersRead) {
            clientUserID = try desk.store.value(.clientUserID, of: user)
            parts.clientUserID = clientUserID?.exposed
            var query = ProblemQuery()
            query.about = user.subject
            parts.problems = try await desk.store.problems(
                of: visit.app,
                query,
                limit: ProblemKind.allCases.count
            ).problems
        }
        if visit.caller.has(.eventsRead) {
            let records = try await desk.store.wholeHistory(of: user, isListed: true).map(\.placed)
            if let target = try Self.target(query, records, path) {
                return ConsoleDesk.redirect(to: target)
            }
            let at = try query.position("at")
            try fill(&parts, records, at: at, path, isRaw: query["view"] == "raw")
            let limit = RequestLimits.consoleAccesses
            // One more than is shown tells whether there are more.
            let accesses = try await desk.store.latestAccesses(
                of: user,
                before: .max,
                limit: limit + 1
            )
            parts.accesses = accesses.prefix(limit).map(\.placed)
            parts.hasOlderAccesses = accesses.count > limit
            parts.accessesColdBefore = try await desk.store.coldHistory(of: user.log.access).before
            parts.accessRecording = visit.app.accessRecording
        }
        try await desk.recordView(of: user, request, context, visit)
        let content = UserPage(
            subject: user.subject,
            log: user.log,
            state: user.state,
            parts: parts,
            isRaw: query["view"] == "raw",
            formToken: visit.formToken,
            clientID: visit.app.clientID,
            url: desk.url(),
            api: clientUserID.map { desk.call($0) }
        )
        return desk.answer(content, to: visit, at: .users)
    }

    private func fill(
        _ parts: inout UserPage.Parts,
        _ records: [PlacedRecord],
        at position: Int64?,
        _ path: String,
        isRaw: Bool
    ) throws(StoreError) {
        do {
            parts.timeline = try Timeline(records, at: position, path: path, isRaw: isRaw)
            parts.holdings = try TokenHolding.list(
                records.flatMap {
                    TokenHolding.steps(at: $0.position, $0.record, coldBefore: $0.coldBefore)
                }
            )
        } catch {
            throw .damaged(.record)
        }
    }

    /// Where the slider or the date field leads: the page at the position of an event.
    private static func target(
        _ query: Query,
        _ records: [PlacedRecord],
        _ path: String
    ) throws(LedgerError) -> String? {
        let view = query["view"] == "raw" ? "&view=raw" : ""
        if let text = query["event"] {
            guard let number = Int(text), (0...records.count).contains(number) else {
                throw .malformed("event must be the number of one of the user's events, or 0.")
            }
            return "\(path)?at=\(number == 0 ? 0 : records[number - 1].position)\(view)"
        }
        guard let text = query["time"] else { return nil }
        // What a date field gives has no zone, and no seconds where they are none.
        let spelled = text.utf8.count == 16 ? text + ":00Z" : text + "Z"
        guard let time = Timestamp(spelled) ?? Timestamp(text) else {
            throw .malformed("time must be a date and a time.")
        }
        // Pages show whole seconds: who types one back means all that happened in it.
        let end = text.contains(".") ? time : Timestamp(microseconds: time.microseconds + 999_999)
        let position = Timeline.position(in: records, at: end)
        return "\(path)?at=\(position ?? 0)\(view)"
    }

    /// Launches as the API would, for somebody to whom the link is handed.
    private func launch(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (visit, _) = try await desk.visit(request, context, anyOf: [.launch], fields: [])
        let user = try await desk.user(context, visit)
        guard let clientUserID = try desk.store.value(.clientUserID, of: user) else {
            throw StoreError.damaged(.value)
        }
        let launch: LedgerEvent.Launch
        let served: Launcher.Served
        do {
            // Somebody new of the same name, after an erasure, is not who the page was about.
            served = try await launcher.launch(
                Launcher.Request(
                    clientUserID: clientUserID,
                    finish: .direct,
                    idempotencyKey: nil,
                    mayMakeUser: { false }
                ),
                of: visit.app,
                context: context.recordContext(key: visit.caller)
            )
            launch = served.launch
        } catch ConnectError.tooManyNewUsers {
            throw LedgerError.notConnected
        }
        guard let event = try await desk.store.event(id: launch.launch) else {
            throw StoreError.defect
        }
        var hasCaution = false
        if case .create(.userMayExist?) = served.opening { hasCaution = true }
        let token = desk.store.vault.launchLinkToken(launch.launch)
        let content = LaunchLinkPage(
            url: desk.url() + LaunchLinkRoutes.path + token.exposed,
            subject: user.subject,
            eventPath: event.placed.path,
            until: launch.expiry,
            isEdit: served.opening.mode == .edit,
            hasCaution: hasCaution
        )
        return desk.answer(content, to: visit, at: .users)
    }

    private func reveal(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let (visit, form) = try await desk.visit(
            request,
            context,
            anyOf: [.tokensReveal],
            fields: ["kind", "reason"]
        )
        guard let kind = form["kind"].flatMap(TokenKind.init),
            let reason = form["reason"].flatMap(RevealReason.init)
        else { throw LedgerError.malformed("A token and a reason must be chosen.") }
        guard visit.app.accessRecording == .full else { throw ConsoleRefusal.notRecorded }
        let user = try await desk.user(context, visit)
        guard let held = user.state.token(kind),
            let value = try desk.store.value(kind.valueKind, of: user)
        else { throw LedgerError.notConnected }
        // Who looked and why is durable before the value leaves (docs/threats.md#t28).
        try await desk.store.recordReveal(
            kind,
            version: held.version,
            for: reason,
            of: user,
            visit.app,
            key: visit.caller.keyID,
            context: context.recordContext(key: visit.caller)
        )
        let content = RevealedPage(
            kind: kind,
            version: held.version,
            value: value,
            reason: reason,
            subject: user.subject
        )
        return desk.answer(content, to: visit, at: .users)
    }
}
