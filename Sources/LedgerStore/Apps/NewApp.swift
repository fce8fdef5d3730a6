package import Ledger

/// An app to be registered.
package struct NewApp: Sendable {
    package let clientID: String
    package let name: String
    package let clientSecret: Secret
    package let appKey: Secret?
    package let connectURL: String
    package let userURL: String
    package let apiURL: String
    package let allowedOrigins: [String]
    package let policies: Set<AppPolicy>
    package let supersededGraceSeconds: Int64
    package let accessRecording: AccessRecording

    /// Takes values that the caller has validated.
    package init(
        clientID: String,
        name: String,
        clientSecret: Secret,
        appKey: Secret?,
        connectURL: String,
        userURL: String,
        apiURL: String,
        allowedOrigins: [String],
        policies: Set<AppPolicy> = [],
        supersededGraceSeconds: Int64 = SupersededGrace.usualSeconds,
        accessRecording: AccessRecording = .full
    ) {
        self.clientID = clientID
        self.name = name
        self.clientSecret = clientSecret
        self.appKey = appKey
        self.connectURL = connectURL
        self.userURL = userURL
        self.apiURL = apiURL
        self.allowedOrigins = allowedOrigins
        self.policies = policies
        self.supersededGraceSeconds = supersededGraceSeconds
        self.accessRecording = accessRecording
    }
}
