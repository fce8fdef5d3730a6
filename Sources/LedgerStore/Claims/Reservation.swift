internal import Ledger

/// The row of a fingerprint in its home, as somebody who claims it finds it.
struct Reservation: Sendable, Hashable {
    /// How far the claim is, as far as the home knows.
    enum Standing: Sendable, Hashable {
        /// The home's own log made it.
        case made
        /// It is reserved for a user of another log, who was at work a moment ago.
        case young
        /// It is reserved, and nobody need be at work any more.
        case old
    }

    /// Whose it is.
    let subject: Identifier
    /// Its own id, which says in which log the claim is made; where it is made, the event that did.
    let reference: Identifier
    let standing: Standing
}
