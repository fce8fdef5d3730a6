internal import ConnectFlow
internal import HTTPTypes
internal import HumanConnect
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// What a page or a mobile SDK posts directly, authorised by the launch's one-time token alone.
struct FinishRoutes: Sendable {
    let store: LedgerStore
    let flows: ConnectFlows
    /// The web origin of our own pages; nil where there are none that post a finish.
    let ownOrigin: @Sendable () -> String?

    /// How long a browser may remember a preflight.
    private static let preflightSeconds = 600

    /// What pages may send beside what they must: the headers by which monitoring follows a request
    /// on its way, which it adds to every request of a page.
    ///
    /// They are not read here. A fixed list, so that no preflight's text comes back.
    private static let allowedHeaders = [
        "Content-Type", "Accept", "X-Requested-With", "traceparent", "tracestate", "baggage",
        "sentry-trace", "newrelic", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid",
        "x-b3-sampled", "x-b3-flags", "x-datadog-trace-id", "x-datadog-parent-id",
        "x-datadog-origin", "x-datadog-sampling-priority", "x-datadog-tags",
        "elastic-apm-traceparent", "uber-trace-id", "request-id", "request-context",
        "x-cloud-trace-context", "x-amzn-trace-id", "x-instana-t", "x-instana-s", "x-instana-l",
        "x-dtc", "x-dtpc", "x-dtreferer", "x-honeycomb-trace", "x-ot-span-context",
        "ot-tracer-traceid", "ot-tracer-spanid", "ot-tracer-sampled", "grpc-trace-bin",
    ].joined(separator: ", ")

    /// What of an answer a page may read beside its body.
    private static let exposedHeaders = "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id"

    func add(to router: Router<LedgerRequestContext>) {
        for path in [
            "/v1/finish/:launch_token", "/v1/finish/:launch_token/closed",
            "/v1/finish/:launch_token/failed",
        ] {
            router.on(RouterPath(path), method: .options) { try await preflight($0, $1) }
        }
        router.post("/v1/finish/:launch_token") { request, context in
            try await answer(request, context) { launch in
                let answer = try await flows.finalizer.finish(
                    launch,
                    with: try await SessionTokenObject(request),
                    from: .page,
                    context: context.launchContext(of: launch.app.id, store.vault)
                )
                return .answering(answer, launch)
            }
        }
        router.post("/v1/finish/:launch_token/closed") { request, context in
            try await answer(request, context) { launch in
                try await flows.reports.closed(
                    launch,
                    context: context.launchContext(of: launch.app.id, store.vault)
                )
                return .reported("closed", of: launch)
            }
        }
        router.post("/v1/finish/:launch_token/failed") { request, context in
            try await answer(request, context) { launch in
                let code = try await request.failureCode()
                try await flows.reports.failed(
                    launch,
                    code: code,
                    context: context.launchContext(of: launch.app.id, store.vault)
                )
                return .reported("failed", of: launch)
            }
        }
    }

    /// Finds the launch, checks the origin, and lets the page read what comes of it, also errors.
    private func answer(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ body: (Launch) async throws -> Response
    ) async throws -> Response {
        let launch: Launch
        do {
            launch = try await context.directLaunch(in: store)
        } catch let error as LedgerError where error == .rateLimited(.launch) {
            var response = Problem(error).response(requestID: context.requestID)
            Self.allow(try await originOfAnApp(request), &response.headers)
            return response
        }
        let origin = try allowedOrigin(request, launch.app)
        var response: Response
        do {
            response = try await body(launch)
        } catch {
            let problem = Problem(LedgerError(error))
            // What is wrong on our side is logged further out.
            guard problem.status != .internalServerError else { throw error }
            response = problem.response(requestID: context.requestID)
        }
        Self.allow(origin, &response.headers)
        return response
    }

    private func preflight(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        var headers: HTTPFields = [
            .accessControlAllowMethods: "POST",
            .accessControlAllowHeaders: Self.allowedHeaders,
            .accessControlMaxAge: "\(Self.preflightSeconds)",
        ]
        do {
            let launch = try await context.directLaunch(in: store)
            Self.allow(try allowedOrigin(request, launch.app), &headers)
        } catch let error as LedgerError where error == .rateLimited(.launch) {
            // A browser shows no page why its preflight was refused: the post after it says so.
            Self.allow(try await originOfAnApp(request), &headers)
        }
        return Response(status: .noContent, headers: headers)
    }

    /// The page's origin, if any app lists it.
    ///
    /// Whose launch it is only the database knows, which a launch's rate spares. Where it is away, a
    /// page cannot read the refusal, which stays one.
    private func originOfAnApp(_ request: Request) async throws -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        guard let isListed = try? await store.isListed(origin: origin) else { return nil }
        guard isListed else { throw LedgerError.originRefused }
        return origin
    }

    /// The page's origin, if one is named; only those that the app lists may post, and the page of a
    /// launch link, which is ours (docs/threats.md#t5).
    private func allowedOrigin(
        _ request: Request,
        _ app: StoredApp
    ) throws(LedgerError) -> String? {
        guard let origin = request.headers[.origin] else { return nil }
        guard app.allowedOrigins.contains(origin) || origin == ownOrigin() else {
            throw .originRefused
        }
        return origin
    }

    private static func allow(_ origin: String?, _ headers: inout HTTPFields) {
        headers[.vary] = "Origin"
        guard let origin else { return }
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = Self.exposedHeaders
    }
}

extension LedgerRequestContext {
    /// The direct launch whose token the path holds, counted.
    func directLaunch(in store: LedgerStore) async throws -> Launch {
        try await directLaunch(store.vault.launch(of: try pathParameter("launch_token")), store)
    }

    /// The launch that a link was made of, counted; none where launches are bound to sessions, to which
    /// a link does not belong.
    func linkedLaunch(in store: LedgerStore) async throws -> Launch {
        let token = try pathParameter("launch_token")
        let launch = try await directLaunch(store.vault.launch(ofLink: token), store)
        guard launch.data.challenge == nil,
            !launch.app.policies.contains(.challengeRequired)
        else { throw ConnectError.launchNotFound }
        return launch
    }

    private func directLaunch(_ id: Identifier?, _ store: LedgerStore) async throws -> Launch {
        guard let id else {
            try meter.countAddress()
            throw ConnectError.launchNotFound
        }
        try meter.count(launch: id)
        let launch = try await Launch(id, store: store)
        guard launch.data.finish == .direct else { throw ConnectError.launchNotFound }
        return launch
    }
}
