internal import HTTPTypes
internal import Ledger

/// The calls that a caller can make again, each with the kind of log that it waits for.
///
/// Whoever brings news is not among them: a finish has a session that a user has worked for, and a
/// page may be gone before it could come again. Nor is who waits for neither log.
enum RepeatableCall {
    private struct Route {
        let method: HTTPRequest.Method
        /// Its segments; `*` is any one.
        let path: [Substring]
        let log: Log.Kind

        init(_ method: HTTPRequest.Method, _ path: String, _ log: Log.Kind) {
            self.method = method
            self.path = path.dropFirst().split(separator: "/")
            self.log = log
        }

        func fits(_ method: HTTPRequest.Method, _ segments: [Substring]) -> Bool {
            self.method == method && path.count == segments.count
                && zip(path, segments).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }

    private static let routes = [
        Route(.post, "/v1/launches", .facts),
        Route(.post, "/v1/users/*/public-token", .facts),
        Route(.delete, "/v1/users/*", .facts),
        Route(.get, "/v1/users/*/tokens", .access),
        Route(.get, "/v1/users/*/proof", .access),
        Route(.get, "/v1/users/*", .access),
        Route(.get, "/v1/users", .access),
        Route(.get, "/v1/users/*/events", .access),
        Route(.get, "/v1/users/*/access", .access),
        Route(.get, "/v1/problems", .access),
        Route(.get, "/v1/problems/*", .access),
        Route(.post, "/v1/problems/*/mute", .facts),
        Route(.post, "/v1/problems/*/unmute", .facts),
        Route(.get, "/v1/events", .access),
        Route(.get, "/v1/events/tail", .access),
        Route(.get, "/v1/events/*/proof", .access),
        Route(.get, "/v1/consistency", .access),
        Route(.get, "/v1/export", .access),
        Route(.get, "/v1/export/identities", .access),
        Route(.post, "/v1/tokens/search", .access),
        Route(.get, "/console", .access),
        Route(.get, "/console/*", .access),
        Route(.get, "/console/users/*", .access),
        Route(.get, "/console/events/*/*", .access),
        Route(.get, "/console/problems/*", .access),
        Route(.post, "/console/find", .access),
        Route(.post, "/console/export", .access),
        Route(.post, "/console/users/*/reveal", .access),
        Route(.post, "/console/problems/*/mute", .facts),
        Route(.post, "/console/problems/*/unmute", .facts),
    ]

    /// The kind of log that a call waits for which can be made again; nil for every other call.
    static func log(of request: HTTPRequest) -> Log.Kind? {
        guard let target = request.path, target.first == "/" else { return nil }
        // Asked for every request, and most are launches.
        if request.method == .post, target == "/v1/launches" { return .facts }
        let method = request.method == .head ? .get : request.method
        let path = target.prefix { $0 != "?" }.dropFirst()
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        return routes.first { $0.fits(method, segments) }?.log
    }
}
