package import Ledger
internal import Vault

/// Whose a pseudonym is.
package struct UserIdentity: Sendable {
    package let subject: Identifier
    /// The app's own id of the user.
    package let clientUserID: Secret?
    /// The provider's id of the person, once the user has connected.
    package let humanID: Secret?
    /// Whether what is stored of the user cannot be read.
    package var isDamaged = false
}

extension LedgerStore {
    /// Whose these pseudonyms are, in their order; those that are no users of the app are left out, and
    /// one that is damaged is said to be.
    package func identities(
        of subjects: [Identifier],
        app: StoredApp
    ) async throws(StoreError) -> [UserIdentity] {
        var identities: [UserIdentity] = []
        identities.reserveCapacity(subjects.count)
        var start = 0
        while start < subjects.count {
            let end = min(subjects.count, start + StoreLimits.identitiesMax)
            let questions = self.questions(Array(subjects[start..<end]), app)
            identities += try await found(questions, of: app).compactMap(identity(of:))
            start = end
        }
        return identities
    }

    /// A page of an app's users, in order of their pseudonyms, and where to go on; nil at the end.
    ///
    /// One that is damaged is said to be, and hides no other.
    package func identities(
        of app: StoredApp,
        after subject: Identifier?
    ) async throws(StoreError) -> (identities: [UserIdentity], next: Identifier?) {
        let page = try await users(of: app, after: subject, limit: StoreLimits.identitiesMax)
        var identities: [UserIdentity] = []
        identities.reserveCapacity(page.count)
        for found in page {
            if let identity = identity(of: found) { identities.append(identity) }
        }
        return (identities, page.count == StoreLimits.identitiesMax ? page.last?.subject : nil)
    }

    /// Nil of one who was erased.
    private func identity(of found: FoundUser) -> UserIdentity? {
        switch found {
        case .user(let user): (try? identity(of: user)) ?? Self.damaged(user.subject)
        case .damaged(let subject): Self.damaged(subject)
        case .erased: nil
        }
    }

    private static func damaged(_ subject: Identifier) -> UserIdentity {
        UserIdentity(subject: subject, clientUserID: nil, humanID: nil, isDamaged: true)
    }

    private func identity(of user: StoredUser) throws(StoreError) -> UserIdentity {
        UserIdentity(
            subject: user.subject,
            clientUserID: try value(.clientUserID, of: user),
            humanID: try value(.humanID, of: user)
        )
    }
}
