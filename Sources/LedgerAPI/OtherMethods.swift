internal import HTTPTypes
internal import Hummingbird

/// Tells a wrong method from a wrong path: 405 with `Allow` (RFC 9110, section 15.5.6).
struct OtherMethods: RouterMiddleware {
    typealias Context = LedgerRequestContext

    /// A route's path, whose parameters stand for any segment.
    private struct Pattern {
        let segments: [String]
        let methods: [String]

        func fits(_ path: [Substring]) -> Bool {
            let isOpen = segments.last == "**"
            guard isOpen ? path.count >= segments.count : path.count == segments.count else {
                return false
            }
            return zip(segments, path).allSatisfy { pattern, segment in
                pattern == "**" || pattern.hasPrefix("{") || pattern == segment
            }
        }
    }

    private let patterns: [Pattern]

    /// Knows the routes that were added so far.
    init(_ router: Router<LedgerRequestContext>) {
        let routes = Dictionary(grouping: router.routes) { $0.path.description }
        patterns = routes.map { path, routes in
            var methods = Set(routes.map { $0.method.rawValue })
            if methods.contains("GET") { methods.insert("HEAD") }
            return Pattern(
                segments: path.split(separator: "/").map(String.init),
                methods: methods.sorted()
            )
        }
    }

    func handle(
        _ request: Request,
        context: LedgerRequestContext,
        next: @concurrent (Request, LedgerRequestContext) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path.split(separator: "/")
        guard let pattern = patterns.first(where: { $0.fits(path) }) else {
            return try await next(request, context)
        }
        throw LedgerError.methodNotAllowed(pattern.methods)
    }
}
