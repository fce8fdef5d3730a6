package import HumanConnect
package import Ledger

/// What the provider's list of users says of one user.
package enum UserLookup: Sendable, Equatable {
    case found(humanID: Secret)
    /// The whole list was read, and the user is not in it.
    case notListed
    /// Listed as several persons, or unreadably: nobody can say which person is the user.
    case unclear
    /// The list was not read to its end, so nobody knows.
    case unfinished(HumanConnectError)
}
