internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault
internal import Wire

/// What all pages of the console need: who asks, and how a page is answered.
struct ConsoleDesk: Sendable {
    let store: LedgerStore
    let pages = ConsolePages()
    /// Under which callers reach the service.
    let url: @Sendable () -> String

    /// Each page's own files and nothing else; no script, style or handler within a page.
    private static let contentSecurityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src data:",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ].joined(separator: "; ")

    var cookie: ConsoleCookie { ConsoleCookie(isSecure: url().hasPrefix("https:")) }

    /// Who asks, counted like every call; any key with one of these scopes may, or any at all where none
    /// is named.
    ///
    /// Throws `LedgerError.unauthenticated` where nobody has signed in, or the key has ended.
    func visit(
        _ request: Request,
        _ context: LedgerRequestContext,
        anyOf scopes: [Scope] = []
    ) async throws(LedgerError) -> ConsoleVisit {
        let session = cookie.session(of: request, store.vault)
        let caller = try await Caller(
            showing: session.map(Credential.session),
            context,
            anyOf: scopes,
            store: store
        )
        guard let session else { throw .unauthenticated }
        return ConsoleVisit(
            caller: caller,
            session: session,
            formToken: store.vault.formToken(of: session)
        )
    }

    /// Who sends a form, and what is in it.
    func visit(
        _ request: Request,
        _ context: LedgerRequestContext,
        anyOf scopes: [Scope] = [],
        fields: Set<String>
    ) async throws -> (visit: ConsoleVisit, form: ConsoleForm) {
        let visit = try await visit(request, context, anyOf: scopes)
        let form = try await ConsoleForm(request, keys: fields)
        guard store.vault.isFormToken(form.token, of: visit.session) else {
            throw ConsoleRefusal.foreignForm
        }
        return (visit, form)
    }

    /// The user whom the path names; unknown, foreign and erased ones alike are not found.
    func user(
        _ context: LedgerRequestContext,
        _ visit: ConsoleVisit
    ) async throws -> StoredUser {
        guard let subject = Identifier(try context.pathParameter("subject")),
            let user = try await store.user(subject: subject, of: visit.app)
        else { throw LedgerError.notConnected }
        return user
    }

    /// Puts on record who looks at whom, before the page leaves; a HEAD shows nobody.
    func recordView(
        of user: StoredUser,
        _ request: Request,
        _ context: LedgerRequestContext,
        _ visit: ConsoleVisit
    ) async throws {
        guard request.method != .head else { return }
        try await store.recordView(
            of: user,
            visit.app,
            context: context.recordContext(key: visit.caller)
        )
    }

    /// A page of somebody who has signed in.
    func answer(
        _ page: some ConsolePage,
        to visit: ConsoleVisit,
        at place: ConsolePlace?,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        let session = PageFrame.Session(
            appName: visit.app.name,
            keyID: visit.caller.keyID,
            isSandbox: visit.isSandbox,
            formToken: visit.formToken,
            places: places(visit, place)
        )
        return answer(page, in: PageFrame(session), status: status)
    }

    private func places(_ visit: ConsoleVisit, _ here: ConsolePlace?) -> [PageFrame.Place] {
        ConsolePlace.allCases.filter { place in
            place.scopes.isEmpty || place.scopes.contains(where: visit.caller.has)
        }.map {
            PageFrame.Place(name: $0.rawValue, path: $0.path, isHere: $0 == here)
        }
    }

    /// A page that anybody sees.
    func answer(_ page: some ConsolePage, status: HTTPResponse.Status) -> Response {
        answer(page, in: .open, status: status)
    }

    private func answer(
        _ page: some ConsolePage,
        in frame: PageFrame,
        status: HTTPResponse.Status
    ) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: Self.contentSecurityPolicy,
                .frameOptions: "DENY",
                .openerPolicy: "same-origin",
                .resourcePolicy: "same-origin",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: pages.html(page, in: frame)))
        )
    }

    /// Before where in some logs a list of the newest goes on: at their ends, unless its address says otherwise.
    func places(before text: String?, in logs: [Log]) async throws -> LogPlaces {
        let ends = try await store.ends(of: logs)
        let asked = try await store.places(before: text, in: logs)
        return LogPlaces(
            ends.enumerated().map { index, end in
                LogPlaces.Reached(next: min(end, asked?.reached[index].next ?? end))
            }
        )
    }

    /// How a place before which a list goes on stands in its address.
    func shown(_ places: LogPlaces, in logs: [Log]) async throws -> String {
        logs.count == 1 ? places.shown : try await store.known(places, in: logs).shown
    }

    /// Leads a browser to another page, by GET.
    static func redirect(to path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path])
    }

    /// How a user's own id stands in a call of the API.
    func call(_ clientUserID: Secret) -> String {
        "\(url())/v1/users/"
            + PercentCoding.encode(clientUserID.exposed, keeping: .unreserved)
    }
}

extension StoredEvent {
    /// As pages show it.
    var placed: PlacedRecord {
        PlacedRecord(
            log: log,
            position: position,
            bytes: bytes,
            record: try? record(),
            coldBefore: coldBefore
        )
    }
}
