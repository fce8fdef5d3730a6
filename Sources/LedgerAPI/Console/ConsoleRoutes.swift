internal import ConnectFlow
internal import Console
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Logging
internal import NIOCore
internal import Vault

/// The console: pages for people, over the same store, keys, scopes and limits as the API.
struct ConsoleRoutes: Sendable {
    let desk: ConsoleDesk
    let flows: ConnectFlows
    let proofs: StateProofs
    let readiness: Readiness
    let tail: TailRoutes
    let exports: ExportRoutes
    /// What the service was started with.
    let settings: [ShownSetting]
    let lines: RefusalLines
    let logger: Logger

    private static let hourSeconds: Int64 = 3_600

    func add(to router: Router<LedgerRequestContext>) {
        let group = router.group("/console").add(
            middleware: ConsoleMiddleware(desk: desk, lines: lines, logger: logger)
        )
        for asset in ConsoleAsset.all {
            router.get(RouterPath(asset.path)) { _, context in
                try context.meter.countAddress()
                return Self.answer(asset)
            }
        }
        group.post("sign-in") { try await signIn($0, $1) }
        group.post("sign-out") { try await signOut($0, $1) }
        ConsoleOverviewRoutes(desk: desk, readiness: readiness).add(to: group)
        ConsoleUserRoutes(desk: desk, launcher: flows.launcher).add(to: group)
        ConsoleProofRoutes(desk: desk, proofs: proofs).add(to: group)
        ConsoleProblemRoutes(desk: desk).add(to: group)
        ConsoleEventRoutes(desk: desk).add(to: group)
        ConsoleFindRoutes(desk: desk).add(to: group)
        ConsoleLogRoutes(desk: desk, tail: tail).add(to: group)
        ConsoleEvidenceRoutes(desk: desk).add(to: group)
        ConsoleExportRoutes(desk: desk, exports: exports).add(to: group)
        ConsoleAppRoutes(desk: desk, settings: settings).add(to: group)
        LaunchLinkRoutes(desk: desk, flows: flows).add(to: router)
        group.get("**") { request, context -> Response in
            _ = try await desk.visit(request, context)
            throw LedgerError.notFound
        }
    }

    /// Its name changes with its content.
    private static func answer(_ asset: ConsoleAsset) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: asset.contentType,
                .cacheControl: "public, max-age=31536000, immutable",
                .resourcePolicy: "same-origin",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes))
        )
    }

    /// Begins a session for whoever shows a key that is valid from there.
    private func signIn(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let form = try await ConsoleForm(request, keys: ["key", "to"])
        let target = Self.target(form["to"])
        let caller: Caller
        do {
            caller = try await Caller(
                showing: .key(Secret(form["key"] ?? "")),
                context,
                anyOf: [],
                store: desk.store
            )
        } catch {
            switch error {
            case .unauthenticated: return refusal("This is no API key that is valid.", target)
            case .networkRefused:
                return refusal(
                    "This API key may not be used from your address, or not without its client "
                        + "certificate.",
                    target
                )
            default: throw error
            }
        }
        let seconds = Int64(RequestLimits.sessionHours) * Self.hourSeconds
        let session = ConsoleSession(
            keyID: caller.keyID,
            end: desk.store.clock.now().adding(seconds: seconds)
        )
        guard let value = desk.store.vault.cookie(of: session) else {
            throw LedgerError.unauthenticated
        }
        var response = ConsoleDesk.redirect(to: target)
        response.headers[.setCookie] = desk.cookie.kept(value, seconds: seconds)
        return response
    }

    private func refusal(_ sentence: String, _ target: String) -> Response {
        desk.answer(
            SignInPage(target: target, refusal: sentence, hours: RequestLimits.sessionHours),
            status: .unauthorized
        )
    }

    /// Where to go after signing in: a page of the console, whatever the form says.
    private static func target(_ text: String?) -> String {
        let home = ConsolePlace.overview.path
        guard let text, text == home || text.hasPrefix(home + "/") || text.hasPrefix(home + "?"),
            text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != 0x5C }),
            !text.hasPrefix(home + "/assets/"), !text.hasPrefix(home + "/tail")
        else { return home }
        return text
    }

    private func signOut(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        _ = try await desk.visit(request, context, fields: [])
        var response = ConsoleDesk.redirect(to: ConsolePlace.overview.path)
        response.headers[.setCookie] = desk.cookie.forgotten
        return response
    }
}
