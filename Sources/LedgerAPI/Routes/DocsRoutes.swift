internal import Guides
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The guides as Markdown, and `llms.txt` (llmstxt.org), which tells programs that read where they are.
struct DocsRoutes: Sendable {
    let publicURL: @Sendable () -> String

    private static let markdown = "text/markdown; charset=utf-8"
    private static let plain = "text/plain; charset=utf-8"

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/docs") { request, _ in
            Self.response(Self.index, Self.markdown, to: request)
        }
        for guide in Guide.all {
            router.get("/docs/\(guide.name)") { request, _ in
                Self.response(guide.text, Self.markdown, to: request)
            }
        }
        router.get("/llms.txt") { request, _ in
            Self.response(Self.llms(publicURL()), Self.plain, to: request)
        }
    }

    private static let summary =
        "Keeps the tokens of Human API's Human Connect popup, and every change of them as an event "
        + "in a signed log that can be verified."

    /// Relative links: `/docs` has no slash at its end.
    private static let index = list("# Token Ledger: guides", at: "docs", document: "openapi.yaml")

    private static func llms(_ url: String) -> String {
        list("# Token Ledger", at: url + "/docs", document: url + "/openapi.yaml")
    }

    private static func list(_ title: String, at docs: String, document: String) -> String {
        let guides = Guide.all.map { guide in
            "- [\(guide.title)](\(docs)/\(guide.name)): \(guide.readers)\n"
        }
        return """
            \(title)

            > \(summary)

            Backends call it over HTTP with an API key; pages and mobile apps only post what the popup \
            hands them. The button for a page is one script, `/v1/connect-button.js`.

            ## Guides

            \(guides.joined())
            ## Reference

            - [OpenAPI](\(document)): Every call, its fields, its answers and its errors

            """
    }

    /// The text, or that what the caller has is the same.
    private static func response(_ text: String, _ type: String, to request: Request) -> Response {
        let bytes = Array(text.utf8)
        let tag = EntityTag.strong(bytes)
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "max-age=3600"]
        if let known = request.headers[.ifNoneMatch], EntityTag.matches(known, tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
