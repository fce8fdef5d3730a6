import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// The popup page in both spellings, the script that opens it, and their images.
struct PopupRoutes {
    let provider: SandboxProvider
    let log: RequestLog
    let pages: SandboxPages

    func add(to router: Router<SandboxContext>) {
        router.get("/") { try await popup($0, $1, spelling: .camel) }
        router.get("/embed") { try await popup($0, $1, spelling: .snake) }
        router.get("/blank/**") { _, _ in
            Response(status: .ok, headers: [.contentType: "text/plain"], body: .init())
        }
        for asset in SandboxAsset.all {
            router.get(RouterPath(asset.path)) { _, _ in asset.response }
        }
        router.get("/assets/button/:file") { _, context in
            try SandboxAsset.button(file: try context.path("file")).response
        }
    }

    private func popup(
        _ request: Request,
        _ context: SandboxContext,
        spelling: SandboxRedirects.Spelling
    ) async throws -> Response {
        let query = try request.queryFields()
        // Both paths take both spellings: clients mix them (docs/provider.md#cordova-plugin).
        func value(_ camel: String, _ snake: String) -> String? { query[camel] ?? query[snake] }
        guard !query.fields.isEmpty else {
            return Response(status: .found, headers: [.location: "/sandbox"])
        }
        let clientUserID = value("clientUserId", "client_user_id")
        log.update(context.logNumber) { $0.clientUserID = clientUserID }
        let isModal = query["modal"] == "1"
        var closeURL: String?
        do {
            let redirects = try SandboxRedirects(
                spelling: spelling,
                finish: value("finishUrl", "finish_url"),
                close: value("closeUrl", "close_url")
            )
            closeURL = redirects.close
            let launch = PopupLaunch(
                clientID: value("clientId", "client_id"),
                clientUserID: clientUserID,
                publicToken: value("publicToken", "public_token"),
                sessionToken: value("sessionToken", "session_token"),
                redirects: redirects
            )
            let (session, connected, app) = try await open(launch)
            return pages.popup(session, connected: connected, appName: app, isModal: isModal)
        } catch let refusal as SandboxRefusal {
            return pages.refusal(refusal, closeURL: closeURL, isModal: isModal)
        }
    }

    private func open(
        _ launch: PopupLaunch
    ) async throws -> (SandboxSession, connected: [String], appName: String) {
        try await provider.change {
            (state, now) throws(SandboxRefusal) -> (SandboxSession, [String], String) in
            let session = try state.open(launch, now: now)
            let user = state.user(
                clientID: session.clientID,
                clientUserID: session.clientUserID
            )
            let app = try state.app(session.clientID)
            return (session, user?.connections.map(\.source) ?? [], app.name)
        }
    }
}
