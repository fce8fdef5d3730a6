import HTTPTypes
import Hummingbird
import Logging

/// Logs every request and turns every error into the sandbox's own shape.
struct SandboxMiddleware: RouterMiddleware {
    typealias Context = SandboxContext

    let log: RequestLog

    func handle(
        _ request: Request,
        context: SandboxContext,
        next: @concurrent (Request, SandboxContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let number = log.begin(method: request.method.rawValue, path: request.uri.path)
        context.logNumber = number
        let traceparent = HTTPField.Name("traceparent").flatMap { request.headers[$0] }
        log.update(number) { $0.traceparent = traceparent }
        let response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = Self.response(to: error)
            if !(error is SandboxRefusal), response.status == .internalServerError {
                context.logger.error(
                    "request failed",
                    metadata: ["error": "\(String(describing: error))"]
                )
            }
        }
        let status = response.status.code
        log.update(number) { $0.status = status }
        return response
    }

    private static func response(to error: any Error) -> Response {
        if let refusal = error as? SandboxRefusal {
            return Response(refusal.json, status: refusal.status)
        }
        guard let error = error as? any HTTPResponseError else {
            let refusal = SandboxRefusal(
                .internalServerError,
                "internal",
                "The sandbox failed",
                "See its own log."
            )
            return Response(refusal.json, status: refusal.status)
        }
        guard error.status != .notFound else {
            return Response(SandboxRefusal.notFound.json, status: .notFound)
        }
        let refusal = SandboxRefusal(
            error.status,
            "invalid_request",
            "The request is refused",
            "\(error.status.reasonPhrase)."
        )
        return Response(refusal.json, status: refusal.status)
    }
}
