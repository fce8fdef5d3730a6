internal import Wire

extension LedgerEvent {
    /// What became different about an app.
    ///
    /// Addresses and origins are told of, and not told: whoever reads the log need not know them. Of
    /// a secret the version is told under which the vault keeps it.
    package struct AppUpdate: Sendable, Equatable {
        /// What is no secret.
        package enum Part: String, Sendable {
            case connectURL = "connect_url"
            case userURL = "user_url"
            case apiURL = "api_url"
            case origins
        }

        package var changed: [Part] = []
        /// Nil when the client secret stays.
        package var clientSecretVersion: Int64?
        /// Nil when the App Key stays, 0 when the app has none any more.
        package var appKeyVersion: Int64?
        /// All that hold from now on; nil when they stay.
        package var policies: [AppPolicy]?
        /// For how many seconds a token that was replaced keeps its value from now on; nil when that
        /// stays.
        package var supersededGraceSeconds: Int64?
        /// How much is kept of who reads what from now on; nil when that stays.
        package var accessRecording: AccessRecording?

        package init() {}
    }
}

extension LedgerEvent.AppUpdate {
    func write(to writer: inout JSONWriter) {
        writer.member("changed", changed.map(\.rawValue))
        if let clientSecretVersion { writer.member("client_secret_version", clientSecretVersion) }
        if let appKeyVersion { writer.member("app_key_version", appKeyVersion) }
        if let policies { writer.member("policies", policies.map(\.rawValue)) }
        if let supersededGraceSeconds { writer.member("superseded_grace", supersededGraceSeconds) }
        if let accessRecording { writer.member("access_log", accessRecording.rawValue) }
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("\"changed\":")
        for word in try reader.list() {
            guard let part = Part(rawValue: word) else { throw .unknownType("app.updated") }
            changed.append(part)
        }
        clientSecretVersion =
            reader.skip(",\"client_secret_version\":") ? try reader.integer() : nil
        appKeyVersion = reader.skip(",\"app_key_version\":") ? try reader.integer() : nil
        if reader.skip(",\"policies\":") {
            policies = []
            for word in try reader.list() {
                guard let policy = AppPolicy(rawValue: word) else {
                    throw .unknownType("app.updated")
                }
                policies?.append(policy)
            }
        }
        supersededGraceSeconds =
            reader.skip(",\"superseded_grace\":") ? try reader.integer() : nil
        guard reader.skip(",\"access_log\":") else { return }
        guard let recording = AccessRecording(rawValue: try reader.string()) else {
            throw .unknownType("app.updated")
        }
        accessRecording = recording
    }
}
