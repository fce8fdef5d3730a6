internal import BoundedServer
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Logging
internal import NIOCore
internal import Traces

/// The outermost layer: names the request, renders errors as problems, and logs one line without
/// anything of the request's values.
struct RequestMiddleware: RouterMiddleware {
    typealias Context = LedgerRequestContext

    let clock: EventClock
    let readiness: Readiness
    let limits: CallLimits
    let lines: RefusalLines
    let requests: RequestMeter
    let tracing: Tracing
    /// `http` or `https`.
    let scheme: String
    let logger: Logger

    func handle(
        _ request: Request,
        context: LedgerRequestContext,
        next: @concurrent (Request, LedgerRequestContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = clock.identifier().description
        context.count(by: limits)
        context.trace = tracing.begin(sent: request.headers[.traceparent])
        let meter = context.meter
        let start = ContinuousClock.now
        var response: Response
        do {
            try Self.check(request)
            response = try await traced(context) { try await next(request, context) }
        } catch let error as any HTTPResponseError {
            response = Problem(error).response(requestID: context.requestID)
        } catch {
            let problem = Problem(LedgerError(error))
            if problem.status.kind == .serverError, lines.admits(problem.status) {
                logger.error(
                    "request failed",
                    metadata: [
                        "request_id": "\(context.requestID)",
                        "error": "\(LedgerError(error))",
                    ]
                )
            }
            response = problem.response(requestID: context.requestID)
        }
        meter.tell(&response.headers)
        if meter.isAddressRefused {
            context.channel.triggerUserOutboundEvent(DoorEvent.answerWaits, promise: nil)
            try? await Task.sleep(for: RequestLimits.refusalPause)
            // Whoever comes again connects again: a place is not held from pause to pause.
            response.headers[.connection] = "close"
        }
        // Who sends another request on a connection that ends with the service would lose it.
        if readiness.isShuttingDown { response.headers[.connection] = "close" }
        response.headers[.requestID] = context.requestID
        logLine(request, context, response, ContinuousClock.now - start)
        return response
    }

    /// Has what is called within know the trace, where there is one.
    private func traced(
        _ context: LedgerRequestContext,
        _ body: () async throws -> Response
    ) async throws -> Response {
        guard let trace = context.trace else { return try await body() }
        return try await Trace.$current.withValue(trace) { try await body() }
    }

    /// What is so for every route: an address has one spelling, and bodies are read as they are.
    ///
    /// The router would pass over empty segments. A body in a coding that nobody undoes would be
    /// read as what it is not.
    private static func check(_ request: Request) throws(LedgerError) {
        let slash = UInt8(ascii: "/")
        var previous: UInt8 = 0
        let path = request.uri.path.utf8
        for byte in path {
            guard byte != slash || previous != slash else { throw .notFound }
            previous = byte
        }
        // People type the console's address by hand: it is led to its one spelling.
        guard previous != slash || path.count == 1 || request.uri.path == "/console/" else {
            throw .notFound
        }
        guard request.headers[.contentEncoding] == nil else { throw .unsupportedMediaType }
    }

    /// The route's pattern stands for the path: the path itself may hold a user's id or a token.
    private func logLine(
        _ request: Request,
        _ context: LedgerRequestContext,
        _ response: Response,
        _ duration: Duration
    ) {
        let route = context.endpointPath
        requests.note(request.method, route: route, response.status, duration)
        // Nor has a flood of refusals a span for each.
        guard lines.admits(response.status) else { return }
        context.trace?.end(
            .request(request.method, route: route, response.status, scheme, context.requestID)
        )
        logger.info(
            "request",
            metadata: [
                "method": "\(RequestMeter.known(request.method))",
                "route": "\(RequestMeter.known(route))",
                "status": "\(response.status.code)", "request_id": "\(context.requestID)",
                "milliseconds": "\(duration / .milliseconds(1))",
            ]
        )
    }
}
