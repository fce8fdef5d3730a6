package import Ledger
internal import Vault

/// A user as stored: the state, and the values that the state names, still sealed.
package struct StoredUser: Sendable {
    /// Which app the user belongs to.
    package let app: Identifier
    /// The app's `clientId`, which stands in every record.
    package let clientID: String
    package let log: Log
    package let subject: Identifier
    package internal(set) var state: SubjectState
    /// The `clientUserId` of a user who is not stored yet.
    let newClientUserID: Secret?
    /// Under which such a user is found from then on.
    let newFingerprint: Fingerprint?
    var key: Key
    var sealed = SealedValues()

    /// The subject's key: at hand, as a new one is, or wrapped as stored.
    ///
    /// Without one, values neither open nor are kept.
    enum Key: Sendable {
        case open(DataKey)
        case wrapped([UInt8])
        case missing
    }

    /// Whether nothing is kept of the user any more.
    package var isErased: Bool { state.status == .erased }

    var owner: ValueOwner { ValueOwner(logID: log.id, app: app, subject: subject) }
}

/// An app as stored, with its secrets opened.
///
/// An object, for each request hands it on from call to call, and a copy would count a dozen texts.
package final class StoredApp: Sendable {
    package let id: Identifier
    package let clientID: String
    package let name: String
    /// Base URL of the provider's popup.
    package let connectURL: String
    /// Base URL of the provider's token endpoints.
    package let userURL: String
    /// Base URL of the provider's application API.
    package let apiURL: String
    /// The web origins whose pages may post a finish directly.
    package let allowedOrigins: [String]
    package let clientSecret: Secret
    /// Counts the client secrets that the app has had.
    package let clientSecretVersion: Int64
    package let appKey: Secret?
    /// Counts the App Keys that it has had since it last had none.
    package let appKeyVersion: Int64?
    package let policies: Set<AppPolicy>
    /// For how long a token that was replaced keeps its value.
    package let supersededGraceSeconds: Int64
    /// How much is kept of who reads what.
    package let accessRecording: AccessRecording

    init(
        id: Identifier,
        clientID: String,
        name: String,
        connectURL: String,
        userURL: String,
        apiURL: String,
        allowedOrigins: [String],
        clientSecret: Secret,
        clientSecretVersion: Int64,
        appKey: Secret?,
        appKeyVersion: Int64?,
        policies: Set<AppPolicy>,
        supersededGraceSeconds: Int64,
        accessRecording: AccessRecording
    ) {
        self.id = id
        self.clientID = clientID
        self.name = name
        self.connectURL = connectURL
        self.userURL = userURL
        self.apiURL = apiURL
        self.allowedOrigins = allowedOrigins
        self.clientSecret = clientSecret
        self.clientSecretVersion = clientSecretVersion
        self.appKey = appKey
        self.appKeyVersion = appKeyVersion
        self.policies = policies
        self.supersededGraceSeconds = supersededGraceSeconds
        self.accessRecording = accessRecording
    }
}
