package import Ledger

/// What shall become different about an app; nil where nothing shall.
package struct AppChange: Sendable {
    /// What shall become of the App Key.
    package enum AppKey: Sendable {
        case replaced(Secret)
        case removed
    }

    package var clientSecret: Secret?
    package var appKey: AppKey?
    package var connectURL: String?
    package var userURL: String?
    package var apiURL: String?
    package var allowedOrigins: [String]?
    package var policies: Set<AppPolicy>?
    package var supersededGraceSeconds: Int64?
    package var accessRecording: AccessRecording?

    package init() {}
}

extension AppChange {
    /// The app afterwards, and what became different.
    ///
    /// A secret counts as different even if it is the same again: whoever gives one wants it to be
    /// in use, and to see in the log that it is.
    func applied(to app: StoredApp) -> (app: StoredApp, update: LedgerEvent.AppUpdate) {
        var update = LedgerEvent.AppUpdate()
        if connectURL ?? app.connectURL != app.connectURL { update.changed.append(.connectURL) }
        if userURL ?? app.userURL != app.userURL { update.changed.append(.userURL) }
        if apiURL ?? app.apiURL != app.apiURL { update.changed.append(.apiURL) }
        if allowedOrigins ?? app.allowedOrigins != app.allowedOrigins {
            update.changed.append(.origins)
        }
        if let policies, policies != app.policies { update.policies = policies.inOrder }
        if let supersededGraceSeconds, supersededGraceSeconds != app.supersededGraceSeconds {
            update.supersededGraceSeconds = supersededGraceSeconds
        }
        if let accessRecording, accessRecording != app.accessRecording {
            update.accessRecording = accessRecording
        }
        if clientSecret != nil { update.clientSecretVersion = app.clientSecretVersion + 1 }
        var appKey = (value: app.appKey, version: app.appKeyVersion)
        switch self.appKey {
        case .replaced(let value): appKey = (value, (app.appKeyVersion ?? 0) + 1)
        case .removed: appKey = (nil, nil)
        case nil: break
        }
        if appKey.version != app.appKeyVersion { update.appKeyVersion = appKey.version ?? 0 }
        let changed = StoredApp(
            id: app.id,
            clientID: app.clientID,
            name: app.name,
            connectURL: connectURL ?? app.connectURL,
            userURL: userURL ?? app.userURL,
            apiURL: apiURL ?? app.apiURL,
            allowedOrigins: allowedOrigins ?? app.allowedOrigins,
            clientSecret: clientSecret ?? app.clientSecret,
            clientSecretVersion: update.clientSecretVersion ?? app.clientSecretVersion,
            appKey: appKey.value,
            appKeyVersion: appKey.version,
            policies: policies ?? app.policies,
            supersededGraceSeconds: supersededGraceSeconds ?? app.supersededGraceSeconds,
            accessRecording: accessRecording ?? app.accessRecording
        )
        return (changed, update)
    }
}

extension Set<AppPolicy> {
    /// Always in the same order, as the log and the database have them.
    var inOrder: [AppPolicy] { AppPolicy.allCases.filter(contains) }
}
