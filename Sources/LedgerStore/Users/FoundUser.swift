package import Ledger

/// A user of a list: as it is stored, or only that it is stored and cannot be read.
package enum FoundUser: Sendable {
    case user(StoredUser)
    case damaged(Identifier)

    package var subject: Identifier {
        switch self {
        case .user(let user): user.subject
        case .damaged(let subject): subject
        }
    }

    /// The user, for whoever needs every one.
    package func get() throws(StoreError) -> StoredUser {
        switch self {
        case .user(let user): return user
        case .damaged: throw .damaged(.state)
        }
    }
}
