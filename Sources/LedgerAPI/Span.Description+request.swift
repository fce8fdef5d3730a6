internal import HTTPTypes
internal import Traces

extension Span.Description {
    /// Tells of a request that is answered, by OpenTelemetry's conventions for HTTP servers, which also
    /// want the path: that may hold a user's id or a launch token, and its pattern must do.
    static func request(
        _ method: HTTPRequest.Method,
        route: String?,
        _ status: HTTPResponse.Status,
        _ scheme: String,
        _ requestID: String
    ) -> Span.Description {
        let known = RequestMeter.known(method)
        // What the conventions say for a method that is any word.
        let verb = known == method.rawValue ? known : "HTTP"
        var name = verb
        var attributes = [
            Span.Attribute("http.request.method", known),
            Span.Attribute("http.response.status_code", status.code),
            Span.Attribute("url.scheme", scheme),
            Span.Attribute("token_ledger.request.id", requestID),
        ]
        if let route, route.hasPrefix("/") {
            name += " " + route
            attributes.append(Span.Attribute("http.route", route))
        }
        return Span.Description(
            name,
            .server,
            attributes,
            failure: status.kind == .serverError ? "\(status.code)" : nil
        )
    }
}
