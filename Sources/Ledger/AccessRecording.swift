/// How much of who read what an app wants in the access log
/// (docs/decisions/0015-reads-and-exports-stand-in-the-access-log.md).
package enum AccessRecording: String, Sendable, CaseIterable {
    /// Everything: who, when, and what of whom.
    case full
    /// Who, when, and what sort of access; nothing that leads to a user.
    case metadata
    /// Nothing.
    case off
}

/// What sort of access it is, by the type of the event that tells all of it.
package enum AccessKind: String, Sendable {
    case tokenRead = "token.read"
    case logExported = "log.exported"
    case logFollowed = "log.followed"
    case tokenSearched = "token.searched"
    case tokenRevealed = "token.revealed"
    case userViewed = "user.viewed"
}

extension LedgerEvent {
    /// What sort of access the event tells; nil for what is none, or is noted as one already.
    package var accessKind: AccessKind? {
        switch self {
        case .tokenRead: .tokenRead
        case .logExported: .logExported
        case .logFollowed: .logFollowed
        case .tokenSearched: .tokenSearched
        case .tokenRevealed: .tokenRevealed
        case .userViewed: .userViewed
        default: nil
        }
    }
}
