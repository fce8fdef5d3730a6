import BoundedClient
import BoundedServer
import HTMLPages
import HTTPTypes
import Hummingbird
import LedgerStack
import Logging
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
    private let sessions = DemoSessions()
    private let logger: Logger
    private let templates = HTMLTemplates(["demo": PackageResources.demo_mustache])

    /// The users in the list; any other name can be typed.
    private static let users = ["alice@example.com", "bob@example.com", "carol+test@example.com"]
    private static let userCharactersMax = 512
    private static let confirmBytesMax = 16_384
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
        router.post("/confirm") { request, _ in await confirm(request) }
        return router
    }

    private func page(_ request: Request) async -> Response {
        let user = user(of: request)
        let view = await backend.view(of: user)
        let model = DemoPageModel(
            user: user,
            users: Self.users,
            view: view,
            withoutToken: Self.isWithoutToken(request),
            configuration: configuration
        )
        var response = asset(
            Array(templates.html("demo", model.content).utf8),
            "text/html; charset=utf-8"
        )
        response.headers[.contentSecurityPolicy] = contentSecurityPolicy
        return response
    }

    /// The popup's library and frame come from the provider, the finish goes to the ledger.
    private var contentSecurityPolicy: String {
        let provider = configuration.sandboxURL
        return [
            "default-src 'none'",
            "script-src 'self' \(provider) \(configuration.ledgerURL)", "style-src 'self'",
            "img-src 'self' data: \(provider)", "frame-src \(provider)",
            "connect-src 'self' \(configuration.ledgerURL)", "form-action 'self'",
            "base-uri 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The ledger's answer goes to the page as it is, a refusal too.
    ///
    /// The launch is bound to the session from which it is asked for.
    private func launch(_ request: Request) async -> Response {
        do {
            let verifier = DemoSessions.newVerifier()
            let answer = try await backend.launch(user(of: request), verifier: verifier)
            var response = passedOn(answer, withoutToken: Self.isWithoutToken(request))
            if let launch = answer.json["launch_id"]?.text {
                response.headers[.setCookie] = sessions.keep(verifier, of: launch, request)
            }
            return response
        } catch {
            return refusal(.badGateway, "ledger_unavailable", error.description)
        }
    }

    /// The page says that its popup was finished; whether it was this session's, its verifier shows.
    private func confirm(_ request: Request) async -> Response {
        let body = try? await request.wholeBody(upTo: Self.confirmBytesMax)
        let json = body.flatMap { try? JSONParser.parse($0, depthMax: 2) }
        guard let launch = json?["launch_id"]?.text, let code = json?["finish_code"]?.text,
            let verifier = sessions.verifier(of: launch, request)
        else {
            return refusal(.forbidden, "other_session", "This session has not opened this popup.")
        }
        do {
            return passedOn(try await backend.confirm(launch, verifier: verifier, code: code))
        } catch {
            return refusal(.badGateway, "ledger_unavailable", error.description)
        }
    }

    /// Without its token the popup opens as on a page that has lost it.
    private func passedOn(_ answer: HTTPAnswer, withoutToken: Bool = false) -> Response {
        let body = withoutToken ? Self.withoutToken(answer.json).encoded : answer.body
        var response = asset(body, "application/json")
        response.status = HTTPResponse.Status(code: answer.status)
        return response
    }

    private static func withoutToken(_ launch: JSONValue) -> JSONValue {
        func emptied(_ json: JSONValue, _ name: String) -> JSONValue {
            .object(
                (json.members ?? []).map { member in
                    switch member.name {
                    case name: .init(name, "")
                    case "options": .init("options", emptied(member.value, name))
                    default: member
                    }
                }
            )
        }
        return emptied(launch, "publicToken")
    }

    private static func isWithoutToken(_ request: Request) -> Bool {
        request.uri.queryParameters["without_token"] == "1"
    }

    private func refusal(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ detail: String
    ) -> Response {
        let json: JSONValue = ["code": .string(code), "detail": .string(detail)]
        var response = asset(json.encoded, "application/json")
        response.status = status
        return response
    }

    /// A real page knows its user from its own session; this one believes the query.
    private func user(of request: Request) -> String {
        let user = request.uri.queryParameters["user"].map(String.init) ?? ""
        let isUsable =
            (1...Self.userCharactersMax).contains(user.unicodeScalars.count)
            && user.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isUsable ? user : Self.users[0]
    }

    private func asset(_ bytes: [UInt8], _ contentType: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
