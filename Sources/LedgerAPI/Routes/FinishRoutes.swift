internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import LedgerStore

/// What a page or a mobile SDK posts directly, authorised by the launch's one-time token alone.
struct FinishRoutes: Sendable {
    let store: LedgerStore
    let finalizer: Finalizer

    /// How long a browser may remember a preflight.
    private static let preflightSeconds = 600
    /// The `actor` of events that the holder of a launch token causes.
    private static let actor = "launch"

    func add(to router: Router<LedgerRequestContext>) {
        for path in ["/v1/finish/:launch_token", "/v1/finish/:launch_token/closed",
            "/v1/finish/:launch_token/failed"]
        {
            router.on(RouterPath(path), method: .options) { try await preflight($0, $1) }
        }
        router.post("/v1/finish/:launch_token") { request, context in
            try await answer(request, context) { launch in
                let token = try await finalizer.finish(
                    launch, with: try await SessionTokenObject(request),
                    context: context.recordContext(actor: Self.actor, request))
                return .finished(token)
            }
        }
        router.post("/v1/finish/:launch_token/closed") { request, context in
            try await answer(request, context) { launch in
                try await report(
                    .launchClosed(launch: launch.data.launch), "closed", launch, request, context)
            }
        }
        router.post("/v1/finish/:launch_token/failed") { request, context in
            try await answer(request, context) { launch in
                let body = try await JSONBody(request, keys: ["code"], isOptional: true)
                let code = Self.wellFormedCode(try body.string("code"))
                return try await report(
                    .launchFailed(launch: launch.data.launch, code: code), "failed", launch,
                    request, context)
            }
        }
    }

    /// Finds the launch, checks the origin, and lets the page read what comes of it, also errors.
    private func answer(
        _ request: Request, _ context: LedgerRequestContext,
        _ body: (Launch) async throws -> Response
    ) async throws -> Response {
        let launch = try await launch(context)
        let origin = try Self.allowedOrigin(request, launch.app)
        var response: Response
        do {
            response = try await body(launch)
        } catch let error as LedgerError {
            response = Problem(error).response(requestID: context.requestID)
        }
        Self.allow(origin, &response.headers)
        return response
    }

    private func preflight(
        _ request: Request, _ context: LedgerRequestContext
    ) async throws -> Response {
        let launch = try await launch(context)
        var headers: HTTPFields = [
            .accessControlAllowMethods: "POST",
            .accessControlAllowHeaders: "Content-Type, Accept",
            .accessControlMaxAge: "\(Self.preflightSeconds)",
        ]
        Self.allow(try Self.allowedOrigin(request, launch.app), &headers)
        return Response(status: .noContent, headers: headers)
    }

    private func launch(_ context: LedgerRequestContext) async throws -> Launch {
        guard let id = store.vault.launch(of: try context.pathParameter("launch_token")) else {
            throw LedgerError.launchNotFound
        }
        let launch = try await Launch(id, store: store)
        guard launch.data.finish == .direct else { throw LedgerError.launchNotFound }
        return launch
    }

    /// Records what the page reports of the popup; the same report twice is one event.
    private func report(
        _ event: LedgerEvent, _ label: String, _ launch: Launch, _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let user = try await launch.user(in: store)
        _ = try await store.change(user, of: launch.app) { _ in
            var change = Change(context: context.recordContext(actor: Self.actor, request))
            change.append(event, id: launch.data.launch.derived(label))
            return change
        }
        var writer = RecordWriter()
        writer.open()
        writer.member("launch_id", launch.data.launch)
        writer.member("recorded", label)
        writer.close()
        return .json(.ok, writer)
    }

    /// The page's origin, if one is named; only those that the app lists may post (threats, T5).
    private static func allowedOrigin(
        _ request: Request, _ app: StoredApp
    ) throws(LedgerError) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        guard app.allowedOrigins.contains(origin) else { throw .originRefused }
        return origin
    }

    private static func allow(_ origin: String?, _ headers: inout HTTPFields) {
        headers[.vary] = "Origin"
        if let origin { headers[.accessControlAllowOrigin] = origin }
    }

    /// A code is a word of the provider's; whatever else a page sends is not kept.
    private static func wellFormedCode(_ text: String?) -> String {
        guard let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || "_.-".utf8.contains(byte)
            })
        else { return "other" }
        return text
    }
}
