internal import Ledger

/// A user who claims.
final class Claimant: Sendable {
    let subject: Identifier
    /// The number of the user's log.
    let logID: Int32
    /// Makes a new id of that log.
    let newReference: @Sendable () -> Identifier

    init(
        subject: Identifier,
        logID: Int32,
        newReference: @escaping @Sendable () -> Identifier
    ) {
        self.subject = subject
        self.logID = logID
        self.newReference = newReference
    }
}
