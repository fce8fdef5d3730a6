package import Ledger
internal import Vault

/// Whose a pseudonym is.
package struct UserIdentity: Sendable {
    package let subject: Identifier
    /// The app's own id of the user.
    package let clientUserID: Secret?
    /// The provider's id of the person, once the user has connected.
    package let humanID: Secret?
}

extension LedgerStore {
    /// Whose these pseudonyms are, in their order; those that are no users of the app are left out.
    package func identities(
        of subjects: [Identifier],
        app: StoredApp
    ) async throws(StoreError) -> [UserIdentity] {
        var identities: [UserIdentity] = []
        identities.reserveCapacity(subjects.count)
        var start = 0
        while start < subjects.count {
            let end = min(subjects.count, start + StoreLimits.identitiesMax)
            let places = subjects[start..<end].map { (log: Log.facts, subject: $0) }
            for user in try await users(at: places, of: app) {
                identities.append(try identity(of: user))
            }
            start = end
        }
        return identities
    }

    /// A page of an app's users, in order of their pseudonyms, and where to go on; nil at the end.
    package func identities(
        of app: StoredApp,
        after subject: Identifier?
    ) async throws(StoreError) -> (identities: [UserIdentity], next: Identifier?) {
        let page = try await users(of: app, after: subject, limit: StoreLimits.identitiesMax)
        var identities: [UserIdentity] = []
        identities.reserveCapacity(page.count)
        for user in page { identities.append(try identity(of: try user.get())) }
        return (identities, page.count == StoreLimits.identitiesMax ? page.last?.subject : nil)
    }

    private func identity(of user: StoredUser) throws(StoreError) -> UserIdentity {
        UserIdentity(
            subject: user.subject,
            clientUserID: try value(.clientUserID, of: user),
            humanID: try value(.humanID, of: user)
        )
    }
}
