internal import HTTPTypes
internal import Hummingbird
internal import LedgerStore

/// While the service ends, tells every client that its connection ends with this answer: whoever
/// sends another request on it would lose it.
struct DrainMiddleware: RouterMiddleware {
    let readiness: Readiness

    func handle(
        _ request: Request,
        context: LedgerRequestContext,
        next: @concurrent (Request, LedgerRequestContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if readiness.isShuttingDown { response.headers[.connection] = "close" }
        return response
    }
}
