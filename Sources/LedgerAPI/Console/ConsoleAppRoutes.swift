internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The app with its keys, and the service's settings: all to be read only.
struct ConsoleAppRoutes: Sendable {
    let desk: ConsoleDesk
    let settings: [ShownSetting]

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("app") { try await app($0, $1) }
        group.get("settings") { request, context in
            let visit = try await desk.visit(
                request,
                context,
                anyOf: ConsolePlace.settings.scopes
            )
            _ = try Query(request, keys: [])
            return desk.answer(SettingsPage(settings), to: visit, at: .settings)
        }
    }

    private func app(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.app.scopes)
        _ = try Query(request, keys: [])
        let now = desk.store.clock.now()
        let keys = try await desk.store.apiKeys(of: visit.app).map { listed in
            let key = listed.key
            return AppPage.Key(
                id: key.id,
                label: key.label,
                isTest: key.isTest,
                state: key.revokedAt != nil
                    ? "revoked" : key.isValid(at: now) ? "valid" : "expired",
                scopes: key.scopes,
                networks: key.networks.map(\.description),
                certificates: key.clientCertificates.map(\.description),
                times: (key.createdAt, key.expiresAt, listed.lastUsedAt),
                isOwn: key.id == visit.caller.keyID
            )
        }
        let content = AppPage(
            name: visit.app.name,
            clientID: visit.app.clientID,
            facts: Self.facts(visit.app),
            keys: keys
        )
        return desk.answer(content, to: visit, at: .app)
    }

    private static func facts(_ app: StoredApp) -> [AppPage.Fact] {
        let policies = app.policies.map(\.rawValue).sorted()
        let secret = "version \(app.clientSecretVersion)"
        let appKey = app.appKeyVersion.map { "version \($0)" } ?? "none"
        return [
            AppPage.Fact("Client id", app.clientID),
            AppPage.Fact("Popup", app.connectURL),
            AppPage.Fact("Tokens", app.userURL),
            AppPage.Fact("Application API", app.apiURL),
            AppPage.Fact("Web origins", list(app.allowedOrigins)),
            AppPage.Fact("Policies", list(policies)),
            AppPage.Fact("Client secret", secret),
            AppPage.Fact("App Key", appKey),
            AppPage.Fact("Grace of replaced tokens", "\(app.supersededGraceSeconds) s"),
            AppPage.Fact("Access log", app.accessRecording.rawValue),
        ]
    }

    private static func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.joined(separator: ", ")
    }
}
