internal import ConnectFlow
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault

/// The page that a launch link leads to: whoever has the link opens the popup of that one launch
/// (docs/design.md#the-console).
struct LaunchLinkRoutes: Sendable {
    let desk: ConsoleDesk
    let flows: ConnectFlows

    /// What the address of such a page begins with.
    static let path = "/launch/"

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/launch/:launch_token") { try await show($0, $1) }
        router.post("/launch/:launch_token") { try await open($0, $1) }
    }

    /// The page changes nothing: a preview of the link, as messengers make them, must not use it up.
    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        _ = try Query(request, keys: [])
        let launch: Launch
        do {
            launch = try await context.linkedLaunch(in: desk.store)
        } catch ConnectError.launchNotFound {
            return answer(LaunchPage(.unknown), status: .notFound)
        }
        let (isOpen, end) = try await flows.launcher.state(of: launch)
        guard isOpen else {
            return answer(LaunchPage(end == .finalized ? .finished : .over), status: .ok)
        }
        let page = LaunchPage(
            .open(
                appName: launch.app.name,
                until: ShownTime(launch.data.expiry),
                path: request.uri.path,
                library: launch.app.connectURL + "/connect.js"
            )
        )
        return answer(page, status: .ok, provider: launch.app.connectURL)
    }

    /// What the button asks for when it is pressed; who gets a public token is on record first.
    private func open(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let launch = try await context.linkedLaunch(in: desk.store)
        _ = try await JSONBody(request, keys: [])
        let record = context.launchContext(of: launch.app.id, desk.store.vault)
        guard let reopened = try await flows.launcher.reopened(launch, context: record) else {
            throw ConnectError.launchNotFound
        }
        return LaunchRoutes.response(
            reopened.served,
            reopened.clientUserID,
            launch.app,
            desk.store.vault,
            desk.url() + "/v1/finish/"
        )
    }

    /// With what the provider's library needs, and nothing else.
    ///
    /// That library is a stranger here, where whoever made the link may be signed in to the console: of
    /// this service it reaches what the button does (docs/threats.md#t33).
    private func answer(
        _ page: LaunchPage,
        status: HTTPResponse.Status,
        provider: String? = nil
    ) -> Response {
        let source = provider.map { " " + Self.origin(of: $0) } ?? ""
        let url = desk.url()
        let policy = [
            "default-src 'none'", "script-src \(url)\(ConnectButton.path)\(source)",
            "style-src \(url)\(ConsoleAsset.stylesheet.path)", "img-src data:\(source)",
            "connect-src \(url)\(Self.path) \(url)/v1/finish/",
            "frame-src\(source.isEmpty ? " 'none'" : source)", "worker-src 'none'",
            "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'",
        ]
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: policy.joined(separator: "; "),
                .frameOptions: "DENY",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: desk.pages.html(page, in: .open)))
        )
    }

    /// Scheme, host and port of a base URL, which is configuration; nothing that could end a directive.
    private static func origin(of url: String) -> String {
        let slashes = url.indices.filter { url[$0] == "/" }
        let origin = slashes.count > 2 ? String(url[..<slashes[2]]) : url
        return origin.contains { ";, '".contains($0) } ? "'none'" : origin
    }
}
