internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Around all pages of the console: what is refused is a page too, and who has not signed in is asked to.
struct ConsoleMiddleware: RouterMiddleware {
    typealias Context = LedgerRequestContext

    let desk: ConsoleDesk
    let lines: RefusalLines
    let logger: Logger

    func handle(
        _ request: Request,
        context: LedgerRequestContext,
        next: @concurrent (Request, LedgerRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            guard request.method != .post || request.isFromOwnPage else {
                // Counted like every call that shows nothing valid.
                try context.meter.countAddress()
                throw ConsoleRefusal.foreignPage
            }
            return try await next(request, context)
        } catch let refusal as ConsoleRefusal {
            return answer(refusal.problem, context)
        } catch let error as any HTTPResponseError {
            return answer(Problem(error), context)
        } catch {
            let error = LedgerError(error)
            guard error != .unauthenticated else { return signIn(request) }
            let problem = Problem(error)
            if problem.status.kind == .serverError, lines.admits(problem.status) {
                logger.error(
                    "request failed",
                    metadata: ["request_id": "\(context.requestID)", "error": "\(error)"]
                )
            }
            return answer(problem, context)
        }
    }

    private func answer(_ problem: Problem, _ context: LedgerRequestContext) -> Response {
        let page = NoticePage(
            title: problem.status.reasonPhrase,
            sentence: problem.detail,
            code: problem.code,
            requestID: context.requestID
        )
        var response = desk.answer(page, status: problem.status)
        for field in problem.headers where field.name != .contentType {
            response.headers[field.name] = field.value
        }
        return response
    }

    /// The page at which somebody signs in and then goes on where he wanted to.
    private func signIn(_ request: Request) -> Response {
        let target = request.method == .post ? ConsolePlace.overview.path : request.uri.string
        // The cookie of a session does not come along from another site; with a step within our own it does.
        guard !request.isFromOtherSite || request.method == .post else {
            return desk.answer(HopPage(target: target), status: .ok)
        }
        return desk.answer(
            SignInPage(target: target, hours: RequestLimits.sessionHours),
            status: .unauthorized
        )
    }
}
