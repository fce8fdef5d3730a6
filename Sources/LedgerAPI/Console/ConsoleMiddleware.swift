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
                throw request.isFromUnsaidPage
                    ? ConsoleRefusal.unsaidOrigin : ConsoleRefusal.foreignPage
            }
            guard request.method == .post || request.uri.path != ConsolePlace.overview.path + "/"
            else { return ConsoleDesk.redirect(to: ConsolePlace.overview.path) }
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
            guard problem.status == .notFound else { return answer(problem, context) }
            // Who has signed in stays where the navigation is.
            return answer(problem, context, to: try? await desk.visit(request, context))
        }
    }

    private func answer(
        _ problem: Problem,
        _ context: LedgerRequestContext,
        to visit: ConsoleVisit? = nil
    ) -> Response {
        let page = NoticePage(
            title: problem.status.reasonPhrase,
            sentence: problem.detail,
            code: problem.code,
            requestID: context.requestID
        )
        var response =
            visit.map { desk.answer(page, to: $0, at: nil, status: problem.status) }
            ?? desk.answer(page, status: problem.status)
        for field in problem.headers where field.name != .contentType {
            response.headers[field.name] = field.value
        }
        return response
    }

    /// Whether it stands in the log of accesses that somebody opens a page: another site's link may not
    /// make that so.
    ///
    /// A user's page does, a problem's, and the log's, which is followed.
    private func isOnRecord(_ target: String) -> Bool {
        target.hasPrefix(ConsolePlace.users.path + "/")
            || target.hasPrefix(ConsolePlace.problems.path + "/")
            || target.hasPrefix(ConsolePlace.log.path)
    }

    /// The page at which somebody signs in and then goes on where he wanted to.
    private func signIn(_ request: Request) -> Response {
        let target = request.method == .post ? ConsolePlace.overview.path : request.uri.string
        // The cookie of a session does not come along from another site; with a step within our own it does.
        guard !request.isFromOtherSite || request.method == .post else {
            return desk.answer(HopPage(target: target, isStep: isOnRecord(target)), status: .ok)
        }
        return desk.answer(
            SignInPage(
                target: target,
                refusal: request.isFromUnsaidPage ? ConsoleRefusal.unsaid : nil,
                hours: RequestLimits.sessionHours
            ),
            status: .unauthorized
        )
    }
}
