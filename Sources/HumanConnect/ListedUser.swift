package import Ledger

/// One user in the provider's list of an app's users (docs/provider.md#users-of-an-app).
package struct ProviderUser: Sendable, Equatable {
    package let humanID: Secret
    /// The app's own user id, which the application API calls `externalId`.
    package let clientUserID: Secret?
    /// When the provider made the user, in its own spelling.
    package let createdAt: String?
}
