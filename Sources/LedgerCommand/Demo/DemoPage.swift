import BoundedClient
import BoundedServer
import HTTPTypes
import Hummingbird
import LedgerStack
import Logging
import Mustache
import NIOCore
import ServiceLifecycle
import Wire

/// What the provider's guide tells an integrator to build: a page with the button, and the backend
/// behind it.
struct DemoPage: Sendable {
    struct Configuration: Sendable {
        let port: Int
        let ledgerURL: String
        let sandboxURL: String
        /// By scope.
        let apiKeys: [String: String]
    }

    private let configuration: Configuration
    private let backend: DemoBackend
    private let logger: Logger
    private let template: MustacheTemplate

    /// The users in the list; any other name can be typed.
    private static let users = ["alice@example.com", "bob@example.com", "carol+test@example.com"]
    private static let userCharactersMax = 512
    /// Headers as Hummingbird has them: only this machine reaches the page, with few browsers.
    private static let limits = ServerLimits(
        headerBytesMax: 81_920,
        headerFieldsMax: 1_000,
        idleTimeMax: .seconds(60),
        connectionsMax: 256
    )

    init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        backend = DemoBackend(configuration)
        do {
            template = try MustacheTemplate(
                string: String(decoding: PackageResources.demo_mustache, as: UTF8.self)
            )
        } catch {
            preconditionFailure("The demo page's template is broken: \(error)")
        }
    }

    /// The page's server.
    var service: any Service {
        Application(
            router: router(),
            host: LocalPort.host,
            port: configuration.port,
            name: "demo",
            limits: Self.limits,
            logger: logger
        )
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("/") { request, _ in await page(request) }
        router.get("/demo.js") { _, _ in
            asset(PackageResources.demo_js, "text/javascript; charset=utf-8")
        }
        router.get("/demo.css") { _, _ in
            asset(PackageResources.demo_css, "text/css; charset=utf-8")
        }
        router.get("/livez") { _, _ in asset(Array("{}".utf8), "application/json") }
        router.post("/launches") { request, _ in await launch(request) }
        return router
    }

    private func page(_ request: Request) async -> Response {
        let user = user(of: request)
        let view = await backend.view(of: user)
        let withoutToken = request.uri.queryParameters["without_token"].map { $0 == "1" } ?? false
        let model = DemoPageModel(
            user: user,
            users: Self.users,
            view: view,
            withoutToken: withoutToken,
            configuration: configuration
        )
        var response = asset(
            Array(template.render(model.content).utf8),
            "text/html; charset=utf-8"
        )
        response.headers[.contentSecurityPolicy] = contentSecurityPolicy
        return response
    }

    /// The popup's library and frame come from the provider, the finish goes to the ledger.
    private var contentSecurityPolicy: String {
        let provider = configuration.sandboxURL
        return [
            "default-src 'none'", "script-src 'self' \(provider)", "style-src 'self'",
            "img-src 'self' data: \(provider)", "frame-src \(provider)",
            "connect-src 'self' \(configuration.ledgerURL)", "form-action 'self'",
            "base-uri 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The ledger's answer goes to the page as it is, a refusal too.
    private func launch(_ request: Request) async -> Response {
        do {
            let answer = try await backend.launch(user(of: request))
            var response = asset(answer.body, "application/json")
            response.status = HTTPResponse.Status(code: answer.status)
            return response
        } catch {
            let json: JSONValue = [
                "code": "ledger_unavailable", "detail": .string(error.description),
            ]
            var response = asset(json.encoded, "application/json")
            response.status = .badGateway
            return response
        }
    }

    /// A real page knows its user from its own session; this one believes the query.
    private func user(of request: Request) -> String {
        let user = request.uri.queryParameters["user"].map(String.init) ?? ""
        let isUsable =
            (1...Self.userCharactersMax).contains(user.count)
            && user.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isUsable ? user : Self.users[0]
    }

    private func asset(_ bytes: [UInt8], _ contentType: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: contentType, .cacheControl: "no-store",
                .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
