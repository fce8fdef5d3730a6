package import Wire

/// Everything that the checker looks at: what clients saw, what the log holds, what the provider's
/// own log says, and what lies about.
package struct Evidence: Sendable {
    /// What the clients of the world did and saw.
    package var journal: [JournalEntry] = []
    /// The log of facts by position, from 0, as its records stand there.
    package var facts: [JSONValue] = []
    /// The access log by position, from 0.
    package var accesses: [JSONValue] = []
    /// The requests for an exchange that reached the provider, oldest first.
    package var exchanges: [ProviderExchange] = []
    /// What the provider holds of each user that it knows, by `clientUserId`.
    package var providerUsers: [String: ProviderUser] = [:]
    /// What the provider held of users at the moment before they were deleted there, by
    /// `clientUserId`: whoever connects again is a new person to it.
    package var formerUsers: [String: [ProviderUser]] = [:]
    /// When something was changed at the provider without a popup of ours, by `clientUserId` and
    /// the journal's clock: a source came or went elsewhere, the user was deleted.
    package var changesElsewhere: [String: [Duration]] = [:]
    /// The users of apps that have no App Key: nobody can say whether the provider knows them.
    package var usersWithoutAppKey: Set<String> = []
    /// The launches that were answered while the provider could not be asked: their options may have
    /// been outdated (docs/integrator.md#what-users-see-when-something-fails).
    package var excusedLaunches: Set<String> = []
    /// How many sealed sessions are in the vault.
    package var sealedSessions = 0
    /// Values that may stand in no event, in no text and in no file.
    package var secrets: Set<String> = []
    /// What else was written where people look: the logs of service and server, by name.
    package var texts: [(name: String, text: String)] = []
    /// The files of servers and services in which such a value was found: data, WAL, spools,
    /// checkpoints.
    package var tellingFiles: [String] = []

    package init() {}
}

/// One request for an exchange, as the provider saw it.
package struct ProviderExchange: Sendable {
    /// SHA-256 of the session token, in hexadecimal.
    package let session: String
    /// Tokens were made.
    package let acted: Bool

    package init(session: String, acted: Bool) {
        self.session = session
        self.acted = acted
    }
}

/// A user at the provider.
package struct ProviderUser: Sendable {
    package let human: String
    package let publicToken: String
    /// All that were made, the newest last, also those that have ended.
    package let accessTokens: [String]
    /// What is connected.
    package let sources: [String]

    package init(
        human: String,
        publicToken: String,
        accessTokens: [String],
        sources: [String] = []
    ) {
        self.human = human
        self.publicToken = publicToken
        self.accessTokens = accessTokens
        self.sources = sources
    }
}
