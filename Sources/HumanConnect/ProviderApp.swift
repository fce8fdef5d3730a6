package import Ledger

/// One app at the provider, with what is needed to speak for it.
package struct ProviderApp: Sendable {
    package let clientID: String
    package let clientSecret: Secret
    /// The third credential, used for the application API alone.
    package let appKey: Secret?
    package let endpoints: ProviderEndpoints

    package init(
        clientID: String,
        clientSecret: Secret,
        appKey: Secret?,
        endpoints: ProviderEndpoints
    ) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.appKey = appKey
        self.endpoints = endpoints
    }
}
