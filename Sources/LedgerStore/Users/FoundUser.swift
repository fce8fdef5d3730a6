package import Ledger

/// A user of a list: as it is stored, or only that it is stored and cannot be read.
package enum FoundUser: Sendable {
    case user(StoredUser)
    case damaged(Identifier)
    /// Erased while the list was read; it is on no list.
    case erased(Identifier)

    package var subject: Identifier {
        switch self {
        case .user(let user): user.subject
        case .damaged(let subject), .erased(let subject): subject
        }
    }

    /// The user, for whoever needs every one; nil for one who was erased.
    package func get() throws(StoreError) -> StoredUser? {
        switch self {
        case .user(let user): return user
        case .erased: return nil
        case .damaged: throw .damaged(.state)
        }
    }
}
